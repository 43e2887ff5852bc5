//! The names to look for, taken from the list of findings.

use std::collections::HashMap;

use crate::findings::{self, GEM, Item, Kind, Number, SHMEM};

/// The finding of a field touched without its lock.
pub(crate) const UNLOCKED: Number = Number(30);
/// The finding of the object's definition.
pub(super) const DEFINITION: Number = Number(1);
/// Beginnings of names that only the base class and its console helper have.
const BEGINNINGS: [&str; 5] = [
    "drm_gem_shmem_",
    "__drm_gem_shmem_",
    "DRM_GEM_SHMEM_",
    "drm_fbdev_shmem_",
    "DRM_FBDEV_SHMEM_",
];
/// What the reservation lock protects.
const PROTECTED: [&str; 7] = [
    "pages",
    "pages_use_count",
    "pages_pin_count",
    "sgt",
    "vaddr",
    "vmap_use_count",
    "madv",
];

/// Whether the reservation lock protects a field of the base class.
pub(super) fn is_protected(symbol: &str) -> bool {
    PROTECTED.contains(&symbol)
}

/// The names to look for.
#[derive(Debug)]
pub(crate) struct Watch {
    names: HashMap<&'static str, (Number, Item)>,
    members: HashMap<&'static str, Vec<(Number, Item)>>,
}

impl Watch {
    /// All names of all findings.
    pub(crate) fn new() -> Watch {
        let mut watch = Watch {
            names: HashMap::new(),
            members: HashMap::new(),
        };
        for finding in findings::all() {
            for &item in finding.items {
                match item.kind {
                    Kind::Type | Kind::Function | Kind::Macro if !item.c.is_empty() => {
                        watch.names.insert(item.c, (finding.number, item));
                    }
                    Kind::Field(_) | Kind::Hook(_) | Kind::Entry(_) => {
                        watch
                            .members
                            .entry(item.c)
                            .or_default()
                            .push((finding.number, item));
                    }
                    // An item of Rust alone.
                    Kind::Type | Kind::Function | Kind::Macro => {}
                }
            }
        }
        watch
    }

    /// The finding of a name that stands alone.
    pub(super) fn name(&self, word: &str) -> Option<(Number, Item)> {
        self.names.get(word).copied()
    }

    /// Whether a name can only be the base class's, known or not.
    pub(super) fn is_base_class(&self, word: &str) -> bool {
        BEGINNINGS
            .iter()
            .any(|beginning| word.starts_with(beginning))
    }

    /// Whether a name is that of a member to look for.
    pub(super) fn is_member(&self, word: &str) -> bool {
        self.members.contains_key(word)
    }

    /// The structures that have a member of this name to look for.
    pub(super) fn owners(&self, word: &str) -> Vec<&'static str> {
        self.members
            .get(word)
            .into_iter()
            .flatten()
            .filter_map(|(_, item)| match item.kind {
                Kind::Field(owner) | Kind::Hook(owner) | Kind::Entry(owner) => Some(owner),
                _ => None,
            })
            .collect()
    }

    /// The finding of a member of a structure.
    pub(super) fn member(&self, of: &str, word: &str) -> Option<(Number, Item)> {
        self.members
            .get(word)?
            .iter()
            .copied()
            .find(|(_, item)| match item.kind {
                Kind::Field(owner) | Kind::Hook(owner) | Kind::Entry(owner) => owner == of,
                _ => false,
            })
    }
}

/// How a field is named in results: those of the embedded GEM object with `base.` in front.
pub(super) fn symbol(item: Item) -> String {
    match item.kind {
        Kind::Field(of) if of == GEM => format!("base.{}", item.c),
        Kind::Field(of) => {
            debug_assert_eq!(of, SHMEM);
            item.c.to_owned()
        }
        _ => item.c.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{DEFINITION, UNLOCKED, Watch};
    use crate::findings;

    #[test]
    fn the_findings_without_a_name_of_their_own_are_where_they_are_expected() {
        assert_eq!(
            findings::find(UNLOCKED).map(|finding| finding.slug),
            Some("unlocked")
        );
        assert_eq!(
            findings::find(DEFINITION).map(|finding| finding.slug),
            Some("object_definition")
        );
    }

    #[test]
    fn the_same_field_name_of_another_structure_is_no_finding() {
        let watch = Watch::new();
        assert!(watch.member("drm_gem_shmem_object", "pages").is_some());
        assert!(watch.member("drm_gem_object", "pages").is_none());
        assert!(watch.member("drm_gem_object", "resv").is_some());
    }
}

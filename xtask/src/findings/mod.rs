//! The one list of findings: the ways a driver can lean on the gem-shmem base class.
//!
//! A finding has a number that never changes, the C names and the Rust items it stands for, and a
//! page that explains it. `migrate` meets the Rust items (the compiler names the number), `survey`
//! meets the C names; both report the same number. One finding is one file here; the file's leading
//! doc comment *is* the page, so there is no second text that could disagree. The code on a page is
//! compiled, and the tool is held to it; lines that begin with `# ` are compiled and not shown.

mod page;

pub use page::{Line, Page};

use std::fmt;

/// What a name is in C.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A structure type.
    Type,
    /// A function, or an operations object used like one.
    Function,
    /// A macro.
    Macro,
    /// A field of the named structure.
    Field(&'static str),
    /// A driver-wide hook: a member of the named operations structure.
    Hook(&'static str),
    /// An entry of the per-object operations structure named.
    Entry(&'static str),
}

/// One name a finding stands for, in C and in `gem_shmem::legacy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// What the C name is.
    pub kind: Kind,
    /// The C name; empty for Rust items that C has no name for.
    pub c: &'static str,
    /// The items of `gem_shmem::legacy` that model it, as the compiler names them; empty where
    /// the model has none.
    pub rust: &'static [&'static str],
}

impl Item {
    const fn new(kind: Kind, c: &'static str, rust: &'static [&'static str]) -> Self {
        Item { kind, c, rust }
    }
}

/// `struct drm_gem_shmem_object`, the base class.
pub const SHMEM: &str = "drm_gem_shmem_object";
/// `struct drm_gem_object`, which the base class embeds.
pub const GEM: &str = "drm_gem_object";
/// `struct drm_driver`, the driver-wide hooks.
pub const DRIVER: &str = "drm_driver";
/// `struct drm_gem_object_funcs`, the operations of an object.
pub const FUNCS: &str = "drm_gem_object_funcs";

const fn ty(c: &'static str, rust: &'static [&'static str]) -> Item {
    Item::new(Kind::Type, c, rust)
}
const fn function(c: &'static str, rust: &'static [&'static str]) -> Item {
    Item::new(Kind::Function, c, rust)
}
const fn constant(c: &'static str, rust: &'static [&'static str]) -> Item {
    Item::new(Kind::Macro, c, rust)
}
const fn field(of: &'static str, c: &'static str, rust: &'static [&'static str]) -> Item {
    Item::new(Kind::Field(of), c, rust)
}
const fn hook(c: &'static str, rust: &'static [&'static str]) -> Item {
    Item::new(Kind::Hook(DRIVER), c, rust)
}
const fn entry(c: &'static str, rust: &'static [&'static str]) -> Item {
    Item::new(Kind::Entry(FUNCS), c, rust)
}

/// A finding's number, written `F03`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(pub u8);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "F{:02}", self.0)
    }
}

impl std::str::FromStr for Number {
    type Err = String;

    /// Reads `F03`, `f3` or `3`, and only the numbers of findings that exist.
    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix(['F', 'f']).unwrap_or(text);
        digits
            .parse()
            .ok()
            .filter(|number| find(Number(*number)).is_some())
            .map(Number)
            .ok_or_else(|| format!("`{text}` is no finding; they are F01 to {}", last()))
    }
}

impl serde::Serialize for Number {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Number {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// One way to lean on the base class.
#[derive(Debug)]
pub struct Finding {
    /// Its number.
    pub number: Number,
    /// Its short name, as in its file's name.
    pub slug: &'static str,
    /// The names it stands for.
    pub items: &'static [Item],
    source: &'static str,
}

impl Finding {
    /// The page that explains it, read from the finding's own file.
    pub fn page(&self) -> Page {
        Page::parse(self.source)
    }

    /// The Rust items of `gem_shmem::legacy` it stands for.
    pub fn rust_items(&self) -> impl Iterator<Item = &'static str> {
        self.items.iter().flat_map(|item| item.rust).copied()
    }
}

macro_rules! findings {
    ($($module:ident)*) => {
        $(mod $module;)*
        static ALL: &[&Finding] = &[$(&$module::FINDING),*];
    };
}

findings! {
    f01_object_definition f02_create_hook f03_pages f04_pages_use_count f05_sgt f06_madv
    f07_madv_list f08_vaddr f09_vmap_use_count f10_map_wc f11_mark_dirty f12_mark_accessed
    f13_create f14_free f15_get_pages_sgt f16_get_sg_table f17_put_pages f18_pin_locked f19_pin
    f20_vmap f21_madvise f22_is_purgeable f23_purge f24_mmap f25_vm_ops f26_funcs f27_import
    f28_dumb_create f29_print_info f30_unlocked f31_resv f32_import_attach f33_filp f34_fbdev
}

/// All findings, by number.
pub fn all() -> &'static [&'static Finding] {
    ALL
}

/// The finding of a number.
pub fn find(number: Number) -> Option<&'static Finding> {
    ALL.iter().copied().find(|finding| finding.number == number)
}

fn last() -> Number {
    Number(u8::try_from(ALL.len()).unwrap_or(u8::MAX))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn numbers_run_from_one_without_gaps_and_match_the_file_names() {
        for (index, finding) in all().iter().enumerate() {
            assert_eq!(usize::from(finding.number.0), index + 1, "{}", finding.slug);
        }
        let files: Vec<String> =
            std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/findings"))
                .expect("the findings' folder")
                .map(|entry| {
                    entry
                        .expect("an entry")
                        .file_name()
                        .to_string_lossy()
                        .into_owned()
                })
                .filter(|name| name.starts_with('f'))
                .collect();
        assert_eq!(files.len(), all().len());
        for finding in all() {
            let name = format!("f{:02}_{}.rs", finding.number.0, finding.slug);
            assert!(files.contains(&name), "{name}");
        }
    }

    #[test]
    fn a_c_name_stands_for_one_finding_only() {
        let mut seen = BTreeMap::new();
        for finding in all() {
            for item in finding.items {
                if item.c.is_empty() {
                    continue;
                }
                if let Some(other) = seen.insert((item.kind, item.c), finding.number) {
                    panic!("{} is {} and {}", item.c, other, finding.number);
                }
            }
        }
    }

    #[test]
    fn every_page_has_its_sections_and_both_code_blocks() {
        for finding in all() {
            let page = finding.page();
            assert!(
                page.title().starts_with(&format!("{}: ", finding.number)),
                "{}",
                page.title()
            );
            for (name, text) in [
                ("what", page.what()),
                ("why", page.why()),
                ("instead", page.instead()),
                ("before", &page.before()),
                ("after", &page.after()),
            ] {
                assert!(
                    !text.trim().is_empty(),
                    "{} has no `{name}`",
                    finding.number
                );
            }
        }
    }

    /// The items that `gem_shmem::legacy` marks, as `F03 pages`.
    fn marked_items() -> Vec<String> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../gem-shmem/src/legacy");
        let mut out = Vec::new();
        for entry in std::fs::read_dir(folder).expect("the base class's folder") {
            let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("text");
            let lines: Vec<&str> = text.lines().map(str::trim).collect();
            for (at, line) in lines.iter().enumerate() {
                let Some((_, rest)) = line.split_once("deprecated(note = \"") else {
                    continue;
                };
                let number = rest.split('"').next().unwrap_or_default();
                let item = lines[at..]
                    .iter()
                    .find_map(|line| line.strip_prefix("pub "))
                    .expect("an item");
                let item = ["struct ", "trait ", "fn ", "const "]
                    .iter()
                    .fold(item, |item, word| item.strip_prefix(word).unwrap_or(item));
                let name = item
                    .split(|c: char| !c.is_alphanumeric() && c != '_')
                    .next()
                    .unwrap_or_default();
                out.push(format!("{number} {name}"));
            }
        }
        out.sort();
        out
    }

    #[test]
    fn the_items_are_those_that_the_base_class_marks() {
        let mut listed: Vec<String> = all()
            .iter()
            .flat_map(|finding| finding.rust_items().map(|item| (finding.number, item)))
            .map(|(number, item)| format!("{number} {}", item.rsplit("::").next().unwrap_or(item)))
            .collect();
        listed.sort();
        listed.dedup();
        let mut marked = marked_items();
        marked.dedup();
        assert_eq!(listed, marked);
    }

    #[test]
    fn a_number_is_read_with_and_without_its_letter() {
        assert_eq!("F03".parse(), Ok(Number(3)));
        assert_eq!("f3".parse(), Ok(Number(3)));
        assert_eq!("34".parse(), Ok(Number(34)));
        assert!("F00".parse::<Number>().is_err());
        assert!("F35".parse::<Number>().is_err());
        assert!("pages".parse::<Number>().is_err());
    }
}

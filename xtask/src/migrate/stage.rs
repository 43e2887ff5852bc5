//! Stages of a move: which sites are rewritten already, and which still use the base class's names, through `#[bridge]`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::edit::{Edit, EditSet};
use super::plan::{Plan, Planned};
use crate::findings::Number;
use crate::{Failure, Result};

/// Whether the bridge goes with its last use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bridge {
    /// It stands while anything uses it.
    AsNeeded,
    /// It stays, to be taken away by a patch of its own.
    Stays,
}

impl Planned {
    /// Whether the site can wait: `#[bridge]` gives it its method meanwhile.
    pub fn can_wait(&self) -> bool {
        self.bridge.is_some()
    }
}

impl Plan {
    /// Findings whose sites can wait, in order: one stage of the move each.
    pub fn waiting(&self) -> BTreeSet<Number> {
        self.sites
            .iter()
            .filter(|site| site.can_wait())
            .map(|site| site.site.finding)
            .collect()
    }

    /// The files when everything is moved but the sites of `waiting` findings and those that are left by hand and can wait.
    pub fn stage(
        &self,
        waiting: &BTreeSet<Number>,
        bridge: Bridge,
    ) -> Result<Vec<(PathBuf, String)>> {
        let mut sets: Vec<EditSet> = self.sources.iter().map(|_| EditSet::default()).collect();
        let mut bridged = bridge == Bridge::Stays;
        let waits = |site: &&Planned| {
            site.can_wait() && (site.is_by_hand() || waiting.contains(&site.site.finding))
        };
        for site in self.sites.iter().filter(waits) {
            if let Some((file, edit)) = &site.bridge {
                bridged = true;
                sets[*file].add(edit.clone()).map_err(|_| overlap(site))?;
            }
        }
        if bridged {
            // In front of the derive, which is inserted at the same place.
            for (file, at, indent) in self.structs() {
                let attribute = format!("#[gem_uma::bridge]\n{indent}");
                let edit = Edit::insert(Number(1), at, attribute);
                sets[file]
                    .add(edit)
                    .map_err(|_| Failure::new("the struct is edited twice"))?;
            }
        }
        for site in self
            .sites
            .iter()
            .filter(|site| !waits(site) && !site.is_by_hand())
        {
            EditSet::add_all(&mut sets, &site.edits).map_err(|_| overlap(site))?;
        }
        let texts = self.sources.iter().zip(&sets);
        Ok(texts
            .map(|(source, edits)| (source.path.clone(), edits.apply(&source.text)))
            .collect())
    }

    /// Where the derive is inserted in front of a struct, and how far that is indented.
    fn structs(&self) -> BTreeSet<(usize, usize, String)> {
        self.sites
            .iter()
            .flat_map(|site| &site.edits)
            .filter(|(_, edit)| edit.range.is_empty() && edit.new.contains("derive(UmaObject)"))
            .map(|(file, edit)| {
                (
                    *file,
                    edit.range.start,
                    self.sources[*file].indent_at(edit.range.start).to_owned(),
                )
            })
            .collect()
    }
}

fn overlap(site: &Planned) -> Failure {
    Failure::new(format!(
        "the rewrite of {}:{} meets another one in a half-moved driver",
        site.site.file.display(),
        site.line
    ))
    .next("take the two apart into statements of their own, and run again")
}

//! Stages of a move: which sites are rewritten already, and which still use the base class's names, through `#[bridge]`.

use std::collections::{BTreeMap, BTreeSet};
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

/// What becomes of the sites that are left by hand, and that the bridge has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hand {
    /// They wait.
    Waits,
    /// They are left as they are: what people wrote there comes in.
    Moves,
}

/// Sites that wait through one edit move together: by the smallest of their findings, or by hand if one of them is.
struct Groups(BTreeMap<(usize, usize), Group>);

#[derive(Clone, Copy)]
struct Group {
    finding: Number,
    by_hand: bool,
}

impl Groups {
    fn of(plan: &Plan) -> Self {
        let mut groups: BTreeMap<(usize, usize), Group> = BTreeMap::new();
        for site in &plan.sites {
            let Some((file, edit)) = &site.bridge else {
                continue;
            };
            let (finding, by_hand) = (site.site.finding, site.is_by_hand());
            let group = groups
                .entry((*file, edit.range.start))
                .or_insert(Group { finding, by_hand });
            group.finding = group.finding.min(finding);
            group.by_hand |= by_hand;
        }
        Self(groups)
    }

    fn find(&self, site: &Planned) -> Option<Group> {
        let (file, edit) = site.bridge.as_ref()?;
        self.0.get(&(*file, edit.range.start)).copied()
    }

    fn waits(&self, site: &Planned, waiting: &BTreeSet<Number>, hand: Hand) -> bool {
        self.find(site).is_some_and(|group| match group.by_hand {
            true => hand == Hand::Waits,
            false => waiting.contains(&group.finding),
        })
    }
}

impl Plan {
    /// Findings whose sites can wait for a rule, in order: one stage of the move each.
    pub fn waiting(&self) -> BTreeSet<Number> {
        let groups = Groups::of(self).0.into_values();
        groups
            .filter(|group| !group.by_hand)
            .map(|group| group.finding)
            .collect()
    }

    /// The sites that wait at a stage.
    #[cfg(test)]
    pub fn waiting_sites<'p>(
        &'p self,
        waiting: &'p BTreeSet<Number>,
    ) -> impl Iterator<Item = &'p Planned> {
        let groups = Groups::of(self);
        self.sites
            .iter()
            .filter(move |site| groups.waits(site, waiting, Hand::Waits))
    }

    /// The files when everything is moved but the sites of `waiting` findings and those that are left by hand.
    pub fn stage(
        &self,
        waiting: &BTreeSet<Number>,
        bridge: Bridge,
        hand: Hand,
    ) -> Result<Vec<(PathBuf, String)>> {
        let mut sets: Vec<EditSet> = self.sources.iter().map(|_| EditSet::default()).collect();
        let mut bridged = bridge == Bridge::Stays;
        let groups = Groups::of(self);
        let waits = |site: &&Planned| groups.waits(site, waiting, hand);
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

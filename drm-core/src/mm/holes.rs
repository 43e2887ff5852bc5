//! Owns the free space: its holes by size and age, and by size class and address.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// A hole and when it was made.
#[derive(Clone, Copy, Debug)]
struct Aged {
    end: u64,
    made: u64,
}

/// All holes of a range.
///
/// # Invariants
///
/// The three indices hold the same holes. `made` grows with every hole and is never used twice.
#[derive(Debug, Default)]
pub(super) struct Holes {
    /// Smallest first; among equals the newest first. The last field is the start.
    by_size: BTreeSet<(u64, Reverse<u64>, u64)>,
    by_age: BTreeMap<u64, Range<u64>>,
    /// By `ilog2` of the size, then by start. A search by address looks only into classes that can be large enough,
    /// and all but the lowest of them hold nothing but holes that are.
    by_address: BTreeMap<u32, BTreeMap<u64, Aged>>,
    made: u64,
}

impl Holes {
    /// Adds a hole that is not empty; it is the newest from now on.
    pub(super) fn add(&mut self, hole: Range<u64>) {
        let made = self.made;
        self.made += 1;
        let size = hole.end - hole.start;
        self.by_size.insert((size, Reverse(made), hole.start));
        self.by_address.entry(size.ilog2()).or_default().insert(
            hole.start,
            Aged {
                end: hole.end,
                made,
            },
        );
        self.by_age.insert(made, hole);
    }

    /// Removes a hole; nothing happens if there is none with this start and size.
    pub(super) fn remove(&mut self, hole: Range<u64>) {
        let size = hole.end - hole.start;
        let class = size.ilog2();
        let Some(holes) = self.by_address.get_mut(&class) else {
            return;
        };
        let Some(Aged { made, .. }) = holes.remove(&hole.start) else {
            return;
        };
        if holes.is_empty() {
            self.by_address.remove(&class);
        }
        self.by_size.remove(&(size, Reverse(made), hole.start));
        self.by_age.remove(&made);
    }

    /// The size of the largest hole, 0 without any.
    pub(super) fn largest(&self) -> u64 {
        self.by_size.last().map_or(0, |(size, ..)| *size)
    }

    pub(super) fn newest_first(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        self.by_age.values().rev().cloned()
    }

    /// The first hole that fits, from the smallest sufficient one on, the newest first among equals.
    pub(super) fn best(
        &self,
        size: u64,
        mut fits: impl FnMut(&Range<u64>) -> Option<u64>,
    ) -> Option<(Range<u64>, u64)> {
        self.by_size
            .range((size, Reverse(u64::MAX), 0)..)
            .find_map(|&(size, _, start)| {
                let hole = start..start + size;
                fits(&hole).map(|at| (hole, at))
            })
    }

    /// The hole with the lowest address that fits and has a unit in `within`.
    pub(super) fn lowest(
        &self,
        size: u64,
        within: &Range<u64>,
        mut fits: impl FnMut(&Range<u64>) -> Option<u64>,
    ) -> Option<(Range<u64>, u64)> {
        let mut best: Option<(Range<u64>, u64)> = None;
        for (_, holes) in self.by_address.range(size.ilog2()..) {
            let limit = best.as_ref().map_or(within.end, |(hole, _)| hole.start);
            let found = overlapping(holes, within)
                .take_while(|hole| hole.start < limit)
                .filter(|hole| hole.end - hole.start >= size)
                .find_map(|hole| fits(&hole).map(|at| (hole, at)));
            best = found.or(best);
        }
        best
    }

    /// The hole with the highest address that fits and has a unit in `within`.
    pub(super) fn highest(
        &self,
        size: u64,
        within: &Range<u64>,
        mut fits: impl FnMut(&Range<u64>) -> Option<u64>,
    ) -> Option<(Range<u64>, u64)> {
        let mut best: Option<(Range<u64>, u64)> = None;
        for (_, holes) in self.by_address.range(size.ilog2()..) {
            let limit = best.as_ref().map_or(0, |(hole, _)| hole.end);
            let found = overlapping(holes, within)
                .rev()
                .take_while(|hole| hole.end > limit)
                .filter(|hole| hole.end - hole.start >= size)
                .find_map(|hole| fits(&hole).map(|at| (hole, at)));
            best = found.or(best);
        }
        best
    }
}

/// The holes of one class that have a unit in `within`, by address.
fn overlapping(
    holes: &BTreeMap<u64, Aged>,
    within: &Range<u64>,
) -> impl DoubleEndedIterator<Item = Range<u64>> {
    let before = holes
        .range(..within.start)
        .next_back()
        .filter(|(_, aged)| aged.end > within.start);
    let low = before.map_or(within.start, |(start, _)| *start);
    holes
        .range(low..within.end.max(low))
        .map(|(start, aged)| *start..aged.end)
}

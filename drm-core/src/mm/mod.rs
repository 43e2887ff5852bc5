//! Owns the range allocator (`drm_mm`): which addresses of a range are taken, and where a new node goes.
//!
//! Units are the caller's: bytes, pages, page-table entries. Addresses are the kernel's to the last bit, because
//! drivers show them to user space: the search order and the order in which holes are made follow `drm_mm.c`.
//!
//! * [`Mode::Best`] takes the smallest hole that is large enough; among equals the one made last. A hole that is
//!   too small once the colour, the range and the alignment are respected is skipped: older ones of the same size
//!   come next, then larger ones.
//! * A node that splits a hole leaves the lower rest first, then the upper one, so the upper is the newer.
//! * A node that is removed leaves one hole, merged with its neighbours, and that hole is the newest.
//!
//! An allocation costs a logarithmic number of steps plus the holes that had to be skipped
//! ([`Mm::holes_examined`] counts them). No lock is taken: the caller's lock is around the whole [`Mm`].
//!
//! Not here: the eviction roster (`drm_mm_scan_*`) and the modes that look at one hole only
//! (`DRM_MM_INSERT_ONCE`), whose choice depends on the shape of the kernel's trees. No unified-memory driver uses
//! either.

mod holes;
#[cfg(test)]
mod model_tests;
mod node;
#[cfg(test)]
mod recorded_tests;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::Range;

use crate::errno::{Errno, Result};
use holes::Holes;

pub use node::{Node, NodeInfo};

/// Where in the free space a node goes (`enum drm_mm_insert_mode`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// The smallest hole that fits, at its low end.
    #[default]
    Best,
    /// The lowest hole that fits, at its low end.
    Low,
    /// The highest hole that fits, at its high end.
    High,
}

/// What is asked of the place of a new node. The default accepts any place and takes the best.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The start is a multiple of this; 0 and 1 mean any. Need not be a power of two.
    pub align: u64,
    /// A tag of the caller, given to [`ColorAdjust`] and kept in the node.
    pub color: u64,
    /// The node lies inside this range.
    pub range: Range<u64>,
    /// Which hole is taken.
    pub mode: Mode,
}

impl Default for Placement {
    fn default() -> Self {
        Self {
            align: 0,
            color: 0,
            range: 0..u64::MAX,
            mode: Mode::Best,
        }
    }
}

/// The colours of the nodes at both ends of a hole; `None` at the ends of the range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Neighbours {
    /// The node that ends where the hole starts.
    pub before: Option<u64>,
    /// The node that starts where the hole ends.
    pub after: Option<u64>,
}

/// Shrinks a hole before a node of `color` is placed in it (`drm_mm.color_adjust`): guard pages between colours,
/// addresses that a colour must not touch. May move `start` up and `end` down.
pub type ColorAdjust = fn(neighbours: Neighbours, color: u64, start: &mut u64, end: &mut u64);

/// The allocator (`struct drm_mm`).
///
/// # Invariants
///
/// Nodes and holes together cover the range exactly; no two holes touch.
#[derive(Debug)]
pub struct Mm {
    range: Range<u64>,
    nodes: BTreeMap<u64, NodeInfo>,
    holes: Holes,
    color_adjust: Option<ColorAdjust>,
    identity: u64,
    holes_examined: u64,
}

impl Mm {
    /// An allocator of `size` units from `start` on, all free (`drm_mm.c: drm_mm_init`).
    ///
    /// # Panics
    ///
    /// If `size` is 0 or the end does not fit in 64 bits.
    #[must_use]
    pub fn new(start: u64, size: u64) -> Self {
        let end = start.checked_add(size).filter(|end| *end > start);
        let end = end.expect("the range of an allocator is not empty and ends below 2^64");
        let mut holes = Holes::default();
        // INVARIANT: one hole covers everything.
        holes.add(start..end);
        Self {
            range: start..end,
            nodes: BTreeMap::new(),
            holes,
            color_adjust: None,
            identity: node::new_identity(),
            holes_examined: 0,
        }
    }

    /// Sets the callback that shrinks holes by colour; `None` is the state of a new allocator.
    pub fn set_color_adjust(&mut self, color_adjust: Option<ColorAdjust>) {
        self.color_adjust = color_adjust;
    }

    /// Finds room for `size` units and takes it (`drm_mm.c: drm_mm_insert_node_in_range`).
    ///
    /// # Errors
    ///
    /// `ENOSPC` when `size` is 0 or no hole fits; nothing has changed then.
    pub fn insert_node(&mut self, size: u64, placement: &Placement) -> Result<Node> {
        let room = placement.range.end.saturating_sub(placement.range.start);
        if size == 0 || room < size || self.holes.largest() < size {
            return Err(Errno::ENOSPC);
        }
        let (hole, start) = self.search(size, placement).ok_or(Errno::ENOSPC)?;
        Ok(self.take(
            hole,
            NodeInfo {
                start,
                size,
                color: placement.color,
            },
        ))
    }

    /// Takes exactly `size` units at `start` (`drm_mm.c: drm_mm_reserve_node`).
    ///
    /// # Errors
    ///
    /// `ENOSPC` when `size` is 0, the end overflows, or any part is taken, outside, or kept off by the colour callback.
    pub fn reserve_node(&mut self, start: u64, size: u64, color: u64) -> Result<Node> {
        let end = start
            .checked_add(size)
            .filter(|end| *end > start)
            .ok_or(Errno::ENOSPC)?;
        let hole = self.hole_around(start).ok_or(Errno::ENOSPC)?;
        let usable = self.usable(&hole, color);
        if usable.start > start || usable.end < end {
            return Err(Errno::ENOSPC);
        }
        Ok(self.take(hole, NodeInfo { start, size, color }))
    }

    /// Gives the room of `node` back, as one hole with the free room on both sides (`drm_mm.c: drm_mm_remove_node`).
    ///
    /// # Panics
    ///
    /// If the node belongs to another allocator.
    pub fn remove_node(&mut self, node: Node) {
        assert!(
            node.owner == self.identity,
            "the node belongs to another allocator"
        );
        let NodeInfo { start, size, .. } = node.info;
        let end = start + size;
        let low = self
            .nodes
            .range(..start)
            .next_back()
            .map_or(self.range.start, |(_, before)| before.end());
        let high = self
            .nodes
            .range(end..)
            .next()
            .map_or(self.range.end, |(after, _)| *after);
        self.nodes.remove(&start);
        if high > end {
            self.holes.remove(end..high);
        }
        if low < start {
            self.holes.remove(low..start);
        }
        self.holes.add(low..high);
    }

    /// The range that is managed.
    #[must_use]
    pub fn range(&self) -> Range<u64> {
        self.range.clone()
    }

    /// Whether nothing is allocated (`drm_mm_clean`).
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The nodes, by address (`drm_mm_for_each_node`).
    pub fn nodes(&self) -> impl DoubleEndedIterator<Item = NodeInfo> + '_ {
        self.nodes.values().copied()
    }

    /// The nodes that have a unit in `range`, by address (`drm_mm_for_each_node_in_range`).
    pub fn nodes_in(&self, range: Range<u64>) -> impl Iterator<Item = NodeInfo> + '_ {
        let first = self
            .nodes
            .range(..range.start)
            .next_back()
            .filter(|(_, node)| node.end() > range.start);
        let low = first.map_or(range.start, |(start, _)| *start);
        self.nodes
            .range(low..range.end.max(low))
            .map(|(_, node)| *node)
    }

    /// The holes, by address (`drm_mm_for_each_hole` goes by age; see [`Mm::holes_newest_first`]).
    pub fn holes(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        let ends = self.nodes.values().map(|node| (node.start, node.end()));
        let stop = (self.range.end, self.range.end);
        ends.chain([stop])
            .scan(self.range.start, |low, (start, end)| {
                let hole = *low..start;
                *low = end;
                Some(hole)
            })
            .filter(|hole| !hole.is_empty())
    }

    /// The holes, the one made last first (`drm_mm.hole_stack`).
    pub fn holes_newest_first(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        self.holes.newest_first()
    }

    /// How many holes all searches so far have looked at.
    #[must_use]
    pub fn holes_examined(&self) -> u64 {
        self.holes_examined
    }

    /// The hole that is taken, and where in it the node starts.
    fn search(&mut self, size: u64, placement: &Placement) -> Option<(Range<u64>, u64)> {
        let mut examined = 0;
        let fits = |hole: &Range<u64>| {
            examined += 1;
            place(&self.usable(hole, placement.color), size, placement)
        };
        let found = match placement.mode {
            Mode::Best => self.holes.best(size, fits),
            Mode::Low => self.holes.lowest(size, &placement.range, fits),
            Mode::High => self.holes.highest(size, &placement.range, fits),
        };
        self.holes_examined += examined;
        found
    }

    /// What the colour callback leaves of a hole.
    fn usable(&self, hole: &Range<u64>, color: u64) -> Range<u64> {
        let (mut start, mut end) = (hole.start, hole.end);
        if let Some(adjust) = self.color_adjust {
            let before = self
                .nodes
                .range(..hole.start)
                .next_back()
                .map(|(_, node)| node.color);
            let after = self.nodes.get(&hole.end).map(|node| node.color);
            adjust(Neighbours { before, after }, color, &mut start, &mut end);
        }
        start..end
    }

    /// The hole that contains `address`.
    fn hole_around(&self, address: u64) -> Option<Range<u64>> {
        let low = self
            .nodes
            .range(..=address)
            .next_back()
            .map_or(self.range.start, |(_, before)| before.end());
        let high = self
            .nodes
            .range(address..)
            .next()
            .map_or(self.range.end, |(after, _)| *after);
        (low <= address && address < high).then_some(low..high)
    }

    fn take(&mut self, hole: Range<u64>, info: NodeInfo) -> Node {
        self.holes.remove(hole.clone());
        // The order tells which of two equal holes is the newer.
        if info.start > hole.start {
            self.holes.add(hole.start..info.start);
        }
        if info.end() < hole.end {
            self.holes.add(info.end()..hole.end);
        }
        self.nodes.insert(info.start, info);
        Node {
            info,
            owner: self.identity,
        }
    }
}

/// Where a node of `size` starts in `usable`, if it fits.
fn place(usable: &Range<u64>, size: u64, placement: &Placement) -> Option<u64> {
    let low = usable.start.max(placement.range.start);
    let high = usable.end.min(placement.range.end);
    if high <= low || high - low < size {
        return None;
    }
    let align = placement.align.max(1);
    let start = match placement.mode {
        Mode::High => {
            let start = high - size;
            start - start % align
        }
        Mode::Best | Mode::Low => low.checked_next_multiple_of(align)?,
    };
    (start >= low && start < high && high - start >= size).then_some(start)
}

//! Owns the node: the proof that a piece of the range is taken.

use std::sync::atomic::{AtomicU64, Ordering};

/// What is known of an allocated piece. A copy is only information; the piece itself is a [`Node`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeInfo {
    /// First unit.
    pub start: u64,
    /// Number of units, at least 1.
    pub size: u64,
    /// The caller's tag.
    pub color: u64,
}

impl NodeInfo {
    /// The first unit after the piece.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.start + self.size
    }
}

/// An allocated piece of a range (`struct drm_mm_node`).
///
/// Holding it tells you that nobody else gets these addresses until it goes back to
/// [`Mm::remove_node`](super::Mm::remove_node). Dropping it instead leaks the piece, as in the kernel.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a node that is dropped stays allocated for ever"]
pub struct Node {
    pub(super) info: NodeInfo,
    pub(super) owner: u64,
}

impl Node {
    /// First unit.
    #[must_use]
    pub fn start(&self) -> u64 {
        self.info.start
    }

    /// Number of units.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.info.size
    }

    /// The first unit after the piece.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.info.end()
    }

    /// The caller's tag.
    #[must_use]
    pub fn color(&self) -> u64 {
        self.info.color
    }
}

/// Tells allocators apart; never shown, only compared.
pub(super) fn new_identity() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

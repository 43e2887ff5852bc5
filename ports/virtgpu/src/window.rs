//! The host-visible window: a range of guest addresses behind which the host puts its own memory.

use drm_core::errno::Result;
use drm_core::mm::{Mm, Node, Placement};
use drm_core::sync::Mutex;

/// Who has which part of it (`host_visible_mm` under `host_visible_lock`).
pub(crate) struct Window {
    start: u64,
    mm: Mutex<Mm>,
}

impl Window {
    pub(crate) fn new((start, len): (u64, u64)) -> Self {
        Self {
            start,
            mm: Mutex::new(Mm::new(start, len)),
        }
    }

    /// `ENOSPC`.
    pub(crate) fn insert(&self, size: u64) -> Result<Node> {
        self.mm.lock().insert_node(size, &Placement::default())
    }

    pub(crate) fn remove(&self, node: Node) {
        self.mm.lock().remove_node(node);
    }

    /// Where a part begins, in bytes from the start of the window.
    pub(crate) fn offset_of(&self, node: &Node) -> u64 {
        node.start() - self.start
    }

    /// Parts that are taken: first byte and length.
    pub(crate) fn taken(&self) -> Vec<(u64, u64)> {
        let mm = self.mm.lock();
        mm.nodes()
            .map(|node| (node.start - self.start, node.size))
            .collect()
    }
}

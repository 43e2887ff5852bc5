//! The allocator of device addresses of one open file (`rocket_file_priv.mm` under `mm_lock`).

use drm_core::PAGE_SIZE;
use drm_core::errno::Result;
use drm_core::machine::Machine;
use drm_core::mm::{Mm, Node, NodeInfo, Placement};
use drm_core::sync::Mutex;

/// Which device addresses of a file are taken. Units are bytes; nothing is reserved, so the first BO gets address 0.
#[derive(Debug)]
pub struct VaSpace {
    machine: Machine,
    mm: Mutex<Mm>,
}

impl VaSpace {
    /// All of the aperture is free.
    pub(crate) fn new(machine: &Machine, aperture: u64) -> Self {
        Self {
            machine: machine.clone(),
            mm: Mutex::new(Mm::new(0, aperture)),
        }
    }

    /// Takes `size` bytes at a page, as many as given and not rounded (`drm_mm_insert_node_generic`). `ENOSPC`.
    pub(crate) fn insert(&self, size: u64) -> Result<Node> {
        let placement = Placement {
            align: PAGE_SIZE,
            ..Placement::default()
        };
        self.mm.lock().insert_node(size, &placement)
    }

    /// Gives a piece back (`drm_mm_remove_node`).
    pub(crate) fn remove(&self, node: Node) {
        self.mm.lock().remove_node(node);
    }

    /// What is taken, by address.
    #[must_use]
    pub fn nodes(&self) -> Vec<NodeInfo> {
        self.mm.lock().nodes().collect()
    }
}

/// `drm_mm_takedown`.
impl Drop for VaSpace {
    fn drop(&mut self) {
        if !self.mm.lock().is_clean() {
            self.machine
                .warn("drm_mm.c: memory manager not clean during takedown");
        }
    }
}

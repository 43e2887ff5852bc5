//! The mapping of an object in a VM (`struct panfrost_gem_mapping`).

use std::any::Any;
use std::collections::BTreeSet;

use drm_core::PAGE_SHIFT;
use drm_core::errno::Result;
use drm_core::gem::Gem;
use drm_core::mm::Node;
use drm_core::sync::atomic::{AtomicBool, Ordering};
use drm_core::sync::{Arc, Mutex, Weak};

use super::gem::PanfrostObject;
use super::mmu;
use crate::mmu::Vm;

/// The VA node: where it is or was, and whether it is still allocated.
#[derive(Debug, Default)]
struct MmNode {
    start: u64,
    pages: u64,
    allocated: Option<Node>,
}

/// Counted: the object's list holds one reference, each job that uses the object another. The last takes the object out of the
/// page table and gives the VA back.
pub(crate) struct Mapping {
    pub(crate) object: Gem<PanfrostObject>,
    pub(crate) vm: Arc<Vm>,
    mmnode: Mutex<MmNode>,
    active: AtomicBool,
    /// The chunks of a heap that it shows.
    chunks: Mutex<BTreeSet<u64>>,
}

impl Mapping {
    pub(super) fn new(object: Gem<PanfrostObject>, vm: Arc<Vm>) -> Arc<Self> {
        Arc::new(Self {
            object,
            vm,
            mmnode: Mutex::default(),
            active: AtomicBool::new(false),
            chunks: Mutex::default(),
        })
    }

    /// Takes VA for it. `ENOSPC` when there is no room.
    pub(super) fn insert(self: &Arc<Self>, pages: u64, align: u64, color: u64) -> Result {
        let occupant: Arc<dyn Any + Send + Sync> = Arc::clone(self) as _;
        let occupant: Weak<dyn Any + Send + Sync> = Arc::downgrade(&occupant);
        let node = self.vm.insert_node(pages, align, color, occupant)?;
        *self.mmnode.lock() = MmNode {
            start: node.start(),
            pages: node.size(),
            allocated: Some(node),
        };
        Ok(())
    }

    /// First page of VA; the old one once the VA was given back.
    pub(crate) fn start(&self) -> u64 {
        self.mmnode.lock().start
    }

    /// VA in bytes.
    pub(crate) fn va(&self) -> u64 {
        self.start() << PAGE_SHIFT
    }

    /// Bytes of VA.
    pub(crate) fn len(&self) -> u64 {
        self.mmnode.lock().pages << PAGE_SHIFT
    }

    /// Whether the VA is still its own (`drm_mm_node_allocated`).
    pub(crate) fn is_allocated(&self) -> bool {
        self.mmnode.lock().allocated.is_some()
    }

    /// Whether there is anything of it in the page table.
    pub(crate) fn is_active(&self) -> bool {
        self.active.load(Ordering::SeqCst)
    }

    pub(super) fn set_active(&self, active: bool) {
        self.active.store(active, Ordering::SeqCst);
    }

    /// Whether it shows chunk `n` of a heap.
    pub(super) fn has_chunk(&self, n: u64) -> bool {
        self.chunks.lock().contains(&n)
    }

    /// Says that it shows chunk `n` from now on.
    pub(super) fn add_chunk(&self, n: u64) {
        self.chunks.lock().insert(n);
    }

    /// `panfrost_gem_teardown_mapping`.
    pub(super) fn teardown(&self) {
        if self.is_active() {
            mmu::unmap(self);
        }
        let node = self.mmnode.lock().allocated.take();
        if let Some(node) = node {
            self.vm.remove_node(node);
        }
    }
}

/// `panfrost_gem_mapping_release`: then the object's reference goes, then the VM's.
impl Drop for Mapping {
    fn drop(&mut self) {
        self.teardown();
    }
}

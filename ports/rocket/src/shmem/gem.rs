//! The object (`rocket_gem.c`).

use std::fmt;

use drm_core::device::Device;
use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::gem::{self, Fault, FaultContext, Gem, Gone, Header, IosysMap};
use drm_core::mm::Node;
use drm_core::mmap::{NewVma, Vma};
use drm_core::resv::ResvGuard;
use drm_core::sync::atomic::{AtomicU64, Ordering};
use drm_core::sync::{Arc, Mutex, OnceLock, Weak};
use gem_shmem::legacy;

use crate::domain::Domain;
use crate::va::VaSpace;

/// The VA node: zeroes before it is inserted.
#[derive(Debug, Default)]
pub(super) struct MmNode {
    pub(super) start: u64,
    pub(super) inserted: Option<Node>,
}

/// `struct rocket_gem_object`.
pub(crate) struct RocketObject {
    pub(crate) base: legacy::Object,
    /// The allocator of the file that created it, without a reference (`driver_priv`).
    pub(super) driver_priv: OnceLock<Weak<VaSpace>>,
    pub(super) domain: OnceLock<Arc<Domain>>,
    pub(super) mm: Mutex<MmNode>,
    /// Bytes that were asked for; once mapped, the bytes that are.
    pub(super) size: AtomicU64,
}

impl RocketObject {
    /// Device address; 0 before it has one.
    pub(crate) fn start(&self) -> u64 {
        self.mm.lock().start
    }

    /// Bytes that were asked for; once mapped, the bytes that are.
    pub(crate) fn size(&self) -> u64 {
        self.size.load(Ordering::SeqCst)
    }

    /// Takes the node out of the allocator of the creator (`drm_mm_remove_node` under `mm_lock`).
    pub(super) fn remove_node(&self) {
        let machine = self.base.base.machine();
        let Some(driver_priv) = self.driver_priv.get() else {
            return;
        };
        let Some(va) = driver_priv.upgrade() else {
            machine
                .oops("rocket: use after free of the file that created a BO: its mm_lock is taken");
            return;
        };
        match self.mm.lock().inserted.take() {
            Some(node) => va.remove(node),
            None => machine.oops("rocket: a VA node is removed that was never inserted"),
        }
    }
}

/// A reference to the object as one of this driver (`gem_to_rocket_bo`).
pub(super) fn to_rocket_bo(object: &Gem) -> Result<Gem<RocketObject>> {
    object.downcast().ok_or(Errno::EINVAL)
}

impl legacy::Subclass for RocketObject {
    fn base(&self) -> &legacy::Object {
        &self.base
    }
}

/// `rocket_gem_create_object`.
impl legacy::CreateObject for RocketObject {
    fn gem_create_object(_dev: &Device, base: legacy::Object) -> Result<Self> {
        Ok(Self {
            base,
            driver_priv: OnceLock::new(),
            domain: OnceLock::new(),
            mm: Mutex::default(),
            size: AtomicU64::new(0),
        })
    }
}

/// `rocket_gem_funcs`.
impl gem::Object for RocketObject {
    fn gem(&self) -> &Header {
        &self.base.base
    }

    /// `rocket_gem_bo_free`.
    fn free(&self, gone: &Gone) {
        let machine = self.base.base.machine();
        if self.base.racy().pages_use_count > 1 {
            machine.warn("rocket_gem.c:18");
        }
        if let Some(domain) = self.domain.get() {
            let unmapped = domain.unmap(self.start(), self.size());
            if unmapped != self.size() {
                machine.warn("rocket_gem.c:22");
            }
        }
        self.remove_node();
        self.base.free(gone);
    }

    fn print_info(&self, out: &mut dyn fmt::Write, indent: usize) -> fmt::Result {
        legacy::object_print_info(&self.base, out, indent)
    }

    fn pin(&self, guard: &mut ResvGuard) -> Result {
        legacy::object_pin(&self.base, guard)
    }

    fn unpin(&self, guard: &mut ResvGuard) {
        legacy::object_unpin(&self.base, guard);
    }

    fn get_sg_table(&self, guard: &mut ResvGuard) -> Result<SgTable> {
        legacy::object_get_sg_table(&self.base, guard)
    }

    fn vmap(&self, guard: &mut ResvGuard) -> Result<IosysMap> {
        legacy::object_vmap(&self.base, guard)
    }

    fn vunmap(&self, guard: &mut ResvGuard, _map: &IosysMap) {
        legacy::object_vunmap(&self.base, guard);
    }

    fn mmap(&self, vma: &mut NewVma) -> Result {
        legacy::object_mmap(&self.base, vma)
    }

    fn vm_open(&self, vma: &Vma) {
        legacy::vm_open(&self.base, vma);
    }

    fn vm_close(&self, vma: &Vma) {
        legacy::vm_close(&self.base, vma);
    }

    fn fault(&self, vma: &Vma, fault: FaultContext) -> Fault {
        legacy::fault(&self.base, vma, fault)
    }
}

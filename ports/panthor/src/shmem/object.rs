//! The object, and its function table (`panthor_gem_funcs`).

use std::fmt;

use drm_core::device::Device;
use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::gem::{self, Fault, FaultContext, Gone, Header, IosysMap};
use drm_core::mmap::{NewVma, Vma};
use drm_core::prime::{self, DmaBuf};
use drm_core::resv::ResvGuard;
use gem_shmem::legacy;

use crate::bo::Common;
use crate::device::is_coherent;
use crate::uapi::BO_NO_MMAP;

/// `struct panthor_gem_object`.
pub struct PanthorObject {
    /// The base class.
    pub base: legacy::Object,
    /// The driver's part.
    pub common: Common<PanthorObject>,
}

impl legacy::Subclass for PanthorObject {
    fn base(&self) -> &legacy::Object {
        &self.base
    }
}

impl legacy::CreateObject for PanthorObject {
    /// `panthor_gem_create_object`: whether the CPU may cache is decided here, for imports, too.
    fn gem_create_object(dev: &Device, base: legacy::Object) -> Result<Self> {
        base.map_wc.set(!is_coherent(dev));
        Ok(Self {
            base,
            common: Common::default(),
        })
    }
}

impl gem::Object for PanthorObject {
    fn gem(&self) -> &Header {
        &self.base.base
    }

    /// `panthor_gem_free_object`: the space's object, whose lock may be needed here, goes last.
    fn free(&self, gone: &Gone) {
        self.base.base.free_mmap_offset();
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

    /// `panthor_gem_mmap`.
    fn mmap(&self, vma: &mut NewVma) -> Result {
        if self.common.flags() & BO_NO_MMAP != 0 {
            return Err(Errno::EINVAL);
        }
        legacy::object_mmap(&self.base, vma)
    }

    /// `panthor_gem_prime_export`: what only one address space may map, no other device may.
    fn export(&self, writable: bool) -> Result<DmaBuf> {
        if self.common.exclusive_vm_root_gem().is_some() {
            return Err(Errno::EINVAL);
        }
        prime::export(&self.base.base, writable)
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

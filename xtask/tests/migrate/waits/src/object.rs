//! An object on the base class, that adds nothing and forwards everything.

use drm_core::device::{Device, File};
use drm_core::dma::SgTable;
use drm_core::errno::Result;
use drm_core::gem::{self, Fault, FaultContext, Gone, Header, IosysMap};
use drm_core::mmap::{NewVma, Vma};
use drm_core::resv::ResvGuard;
use gem_shmem::legacy;
use std::fmt;

/// A buffer.
pub struct Bo {
    pub base: legacy::Object,
}

impl legacy::Subclass for Bo {
    fn base(&self) -> &legacy::Object {
        &self.base
    }
}

impl legacy::CreateObject for Bo {
    fn gem_create_object(_dev: &Device, base: legacy::Object) -> Result<Self> {
        Ok(Self { base })
    }
}

impl gem::Object for Bo {
    fn gem(&self) -> &Header {
        &self.base.base
    }

    fn free(&self, gone: &Gone) {
        legacy::object_free(&self.base, gone);
    }

    fn open(&self, _file: &File) -> Result {
        Ok(())
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

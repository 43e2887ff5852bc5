//! The adapters that a driver puts into its function table (`drm_gem_shmem_object_*`), and the table of a driver without one.

use std::fmt;

use drm_core::device::Device;
use drm_core::dma::SgTable;
use drm_core::errno::Result;
use drm_core::gem::{self, Fault, FaultContext, Gone, Header, IosysMap};
use drm_core::mmap::{NewVma, Vma};
use drm_core::resv::ResvGuard;

use super::create::CreateObject;
use super::mmap as vm;
use super::object::{Object, Subclass};

/// `drm_gem_shmem_object_free`.
#[cfg_attr(feature = "locate", deprecated(note = "F26"))]
pub fn object_free(object: &Object, gone: &Gone) {
    object.free(gone);
}

/// `drm_gem_shmem_object_print_info`: nothing for an import.
///
/// # Errors
///
/// Those of `out`.
#[cfg_attr(feature = "locate", deprecated(note = "F26"))]
pub fn object_print_info(object: &Object, out: &mut dyn fmt::Write, indent: usize) -> fmt::Result {
    object.print_info(out, indent)
}

/// `drm_gem_shmem_object_pin`.
#[cfg_attr(feature = "locate", deprecated(note = "F26"))]
pub fn object_pin(object: &Object, guard: &mut ResvGuard) -> Result {
    object.pin_locked(guard)
}

/// `drm_gem_shmem_object_unpin`.
#[cfg_attr(feature = "locate", deprecated(note = "F26"))]
pub fn object_unpin(object: &Object, guard: &mut ResvGuard) {
    object.unpin_locked(guard);
}

/// `drm_gem_shmem_object_get_sg_table`.
#[cfg_attr(feature = "locate", deprecated(note = "F26"))]
pub fn object_get_sg_table(object: &Object, guard: &mut ResvGuard) -> Result<SgTable> {
    object.get_sg_table(guard)
}

/// `drm_gem_shmem_object_vmap`.
#[cfg_attr(feature = "locate", deprecated(note = "F26"))]
pub fn object_vmap(object: &Object, guard: &mut ResvGuard) -> Result<IosysMap> {
    object.vmap(guard)
}

/// `drm_gem_shmem_object_vunmap`.
#[cfg_attr(feature = "locate", deprecated(note = "F26"))]
pub fn object_vunmap(object: &Object, guard: &mut ResvGuard) {
    object.vunmap(guard);
}

/// `drm_gem_shmem_object_mmap`.
#[cfg_attr(feature = "locate", deprecated(note = "F26"))]
pub fn object_mmap(object: &Object, vma: &mut NewVma) -> Result {
    object.mmap(vma)
}

impl Object {
    /// Prints the counts and the kernel address; nothing for an import (`drm_gem_shmem_print_info`).
    ///
    /// # Errors
    ///
    /// Those of `out`.
    #[cfg_attr(feature = "locate", deprecated(note = "F29"))]
    pub fn print_info(&self, out: &mut dyn fmt::Write, indent: usize) -> fmt::Result {
        if self.base.is_imported() {
            return Ok(());
        }
        let fields = self.racy();
        let tabs = "\t".repeat(indent);
        writeln!(out, "{tabs}pages_use_count={}", fields.pages_use_count)?;
        writeln!(out, "{tabs}vmap_use_count={}", fields.vmap_use_count)?;
        writeln!(
            out,
            "{tabs}vaddr={:#x}",
            fields.vaddr.as_ref().map_or(0, |map| map.address())
        )
    }
}

/// The object of a driver without a hook: the helper's own function table.
#[derive(Debug)]
#[cfg_attr(feature = "locate", deprecated(note = "F01"))]
pub struct Plain {
    base: Object,
}

impl Subclass for Plain {
    fn base(&self) -> &Object {
        &self.base
    }
}

impl CreateObject for Plain {
    fn gem_create_object(_dev: &Device, base: Object) -> Result<Self> {
        Ok(Self { base })
    }
}

impl gem::Object for Plain {
    fn gem(&self) -> &Header {
        &self.base.base
    }

    fn free(&self, gone: &Gone) {
        object_free(&self.base, gone);
    }

    fn print_info(&self, out: &mut dyn fmt::Write, indent: usize) -> fmt::Result {
        object_print_info(&self.base, out, indent)
    }

    fn pin(&self, guard: &mut ResvGuard) -> Result {
        object_pin(&self.base, guard)
    }

    fn unpin(&self, guard: &mut ResvGuard) {
        object_unpin(&self.base, guard);
    }

    fn get_sg_table(&self, guard: &mut ResvGuard) -> Result<SgTable> {
        object_get_sg_table(&self.base, guard)
    }

    fn vmap(&self, guard: &mut ResvGuard) -> Result<IosysMap> {
        object_vmap(&self.base, guard)
    }

    fn vunmap(&self, guard: &mut ResvGuard, _map: &IosysMap) {
        object_vunmap(&self.base, guard);
    }

    fn mmap(&self, vma: &mut NewVma) -> Result {
        object_mmap(&self.base, vma)
    }

    fn vm_open(&self, vma: &Vma) {
        vm::vm_open(&self.base, vma);
    }

    fn vm_close(&self, vma: &Vma) {
        vm::vm_close(&self.base, vma);
    }

    fn fault(&self, vma: &Vma, fault: FaultContext) -> Fault {
        vm::fault(&self.base, vma, fault)
    }
}

//! User mappings: `mmap`, and the operations of the mapping (`drm_gem_shmem_vm_ops`).

use drm_core::errno::{Errno, Result};
use drm_core::gem::{Fault, FaultContext};
use drm_core::mmap::{NewVma, VmFlags, Vma};

use super::object::Object;

impl Object {
    /// Maps the object for a process; every page is allocated now (`drm_gem_shmem_mmap`).
    ///
    /// An import is mapped by its exporter. `EINVAL` for a mapping that copies on write; errors of the pages.
    #[cfg_attr(feature = "locate", deprecated(note = "F24"))]
    pub fn mmap(&self, vma: &mut NewVma) -> Result {
        if self.base.is_imported() {
            vma.set_object(None);
            let Some(dma_buf) = self.base.dma_buf() else {
                self.machine().warn("dma-buf: mmap of no buffer");
                return Err(Errno::EINVAL);
            };
            return dma_buf.mmap(vma, 0);
        }
        if vma.is_copy_on_write() {
            return Err(Errno::EINVAL);
        }
        let mut guard = self.base.resv().lock();
        self.get_pages(&mut guard)?;
        vma.set_flags(VmFlags::PFNMAP | VmFlags::DONTEXPAND | VmFlags::DONTDUMP);
        if self.map_wc.get() {
            vma.set_flags(VmFlags::WRITE_COMBINE);
        }
        Ok(())
    }
}

/// A touch of a page that is not mapped (`drm_gem_shmem_fault`): counts from the start of the mapping, not of the object.
#[cfg_attr(feature = "locate", deprecated(note = "F25"))]
pub fn fault(object: &Object, vma: &Vma, fault: FaultContext) -> Fault {
    if fault.order != 0 {
        return Fault::Fallback;
    }
    let mut guard = object.base.resv().lock();
    let fields = object.locked(&mut guard);
    if fault.index >= object.base.pages() || fields.madv < 0 {
        return Fault::SigBus;
    }
    let Some(pages) = &fields.pages else {
        object
            .machine()
            .warn_once("drm_gem_shmem: fault without pages");
        return Fault::SigBus;
    };
    match pages.get(fault.index as usize) {
        Some(Some(page)) => {
            vma.insert_pfn(fault.index, page.phys());
            Fault::NoPage
        }
        _ => {
            object
                .machine()
                .oops("drm_gem_shmem: fault maps a null page entry");
            Fault::SigBus
        }
    }
}

/// A copy of a mapping is one more user of the pages (`drm_gem_shmem_vm_open`).
#[cfg_attr(feature = "locate", deprecated(note = "F25"))]
pub fn vm_open(object: &Object, _vma: &Vma) {
    if object.base.is_imported() {
        object
            .machine()
            .warn("drm_gem_shmem: mapping of an import opened");
    }
    let mut guard = object.base.resv().lock();
    let mut fields = object.locked(&mut guard);
    if fields.pages_use_count == 0 {
        object
            .machine()
            .warn_once("drm_gem_shmem: mapping opened without pages");
    } else {
        fields.pages_use_count += 1;
    }
}

/// A mapping less is a user less (`drm_gem_shmem_vm_close`).
#[cfg_attr(feature = "locate", deprecated(note = "F25"))]
pub fn vm_close(object: &Object, _vma: &Vma) {
    let mut guard = object.base.resv().lock();
    object.put_pages(&mut guard);
}

//! User mappings: every page at mmap, one use for each mapping.

use drm_core::errno::{Errno, Result};
use drm_core::gem::{Fault, FaultContext};
use drm_core::mmap::{NewVma, VmFlags, Vma};

use crate::object::{Kind, Object};

impl Object {
    /// Maps the object for a process; every page is allocated now (`drm_gem_shmem_mmap`). An import is mapped by its exporter.
    ///
    /// `EINVAL` for a mapping that copies on write; errors of the pages.
    pub(crate) fn map_user(&self, vma: &mut NewVma) -> Result {
        if let Kind::Imported(attach) = &self.kind {
            vma.set_object(None);
            return attach.dma_buf().mmap(vma, 0);
        }
        if vma.is_copy_on_write() {
            return Err(Errno::EINVAL);
        }
        let mut guard = self.base.resv().lock();
        self.get_pages(&mut guard)?;
        vma.set_flags(VmFlags::PFNMAP | VmFlags::DONTEXPAND | VmFlags::DONTDUMP);
        Ok(())
    }

    /// A copy of a mapping is one more user of the pages (`drm_gem_shmem_vm_open`).
    pub(crate) fn user_opened(&self) {
        let mut guard = self.base.resv().lock();
        // The mapping that is copied holds a use, so the pages are there and nothing can fail.
        if self.get_pages(&mut guard).is_err() {
            self.machine()
                .warn_once("gem_shmem: mapping opened without pages");
        }
    }

    /// A mapping less is a user less (`drm_gem_shmem_vm_close`).
    pub(crate) fn user_closed(&self) {
        let mut guard = self.base.resv().lock();
        self.put_pages(&mut guard);
    }

    /// A touch of a page that is not mapped (`drm_gem_shmem_fault`): counts from the start of the mapping, not of the object.
    pub(crate) fn user_fault(&self, vma: &Vma, fault: FaultContext) -> Fault {
        if fault.order != 0 {
            return Fault::Fallback;
        }
        let Kind::Own(own) = &self.kind else {
            return Fault::SigBus;
        };
        let guard = self.base.resv().lock();
        let own = own.get(&guard);
        match own.pages.get(fault.index as usize) {
            Some(page) => {
                vma.insert_pfn(fault.index, page.phys());
                Fault::NoPage
            }
            None => Fault::SigBus,
        }
    }
}

//! User mappings (`amdxdna_gem_obj_mmap`, `amdxdna_insert_pages`): every page is there from the start, so that a device which shares
//! the process's addresses finds it.

use drm_core::errno::{Errno, Result};
use drm_core::mmap::{NewVma, VmFlags};

use super::gem::AmdxdnaObject;

impl AmdxdnaObject {
    /// Maps the object for a process, and keeps where. Errors of the base class and of the page table; for an import, of its exporter.
    pub(super) fn map_pages(&self, vma: &mut NewVma) -> Result {
        let maps = self.place()?.maps();
        let registered = maps.register(vma, self.base.base.resv());
        let mapped = match self.attached.get() {
            // The base class would map pages that are not there.
            Some(attached) => attached.mmap(vma),
            None => self.insert_pages(vma),
        };
        mapped.inspect_err(|_| maps.take_back(registered))
    }

    /// The base class maps single addresses when they are touched. Afterwards the mapping is turned into one of pages, all of which
    /// are inserted now; a failure closes the mapping by hand.
    pub(super) fn insert_pages(&self, vma: &mut NewVma) -> Result {
        self.base.mmap(vma)?;
        vma.change_flags(VmFlags::MIXEDMAP, VmFlags::PFNMAP);
        let mut guard = self.base.base.resv().lock();
        let machine = self.base.base.machine();
        let inserted = match self.base.locked(&mut guard).pages.as_ref() {
            Some(pages) => {
                let addresses = pages.iter().flatten().map(|page| page.phys());
                vma.insert_pages(machine, addresses)
            }
            None => Err(Errno::EINVAL),
        };
        if inserted.is_err() {
            self.base.put_pages(&mut guard);
        }
        inserted
    }
}

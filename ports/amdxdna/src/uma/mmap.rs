//! User mappings (`amdxdna_gem_obj_mmap`): every page is there from the start, so that a device which shares the process's addresses
//! finds it.

use drm_core::errno::Result;
use drm_core::mmap::NewVma;

use super::gem::AmdxdnaObject;

impl AmdxdnaObject {
    /// Maps the object for a process, and keeps where. Errors of the pages and of the page table; for an import, of its exporter.
    pub(super) fn map_pages(&self, vma: &mut NewVma) -> Result {
        let maps = self.place().maps();
        let registered = maps.register(vma, self.gem.resv());
        let mapped = match &self.attached {
            Some(attached) => attached.mmap(vma),
            None => self.cmap.mmap(vma, &self.backing, &self.dmap),
        };
        mapped.inspect_err(|_| maps.take_back(registered))
    }
}

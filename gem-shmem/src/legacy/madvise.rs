//! madvise and purge: throwing contents away that nobody needs.

use drm_core::resv::ResvGuard;

use super::object::Object;

impl Object {
    /// Stores the advice, whatever number it is, unless the object is purged (`drm_gem_shmem_madvise`). Whether the contents
    /// are retained. A negative number poisons the object without purging it.
    #[cfg_attr(feature = "locate", deprecated(note = "F21"))]
    pub fn madvise(&self, guard: &mut ResvGuard, madv: i32) -> bool {
        let mut fields = self.locked(guard);
        if fields.madv >= 0 {
            fields.madv = madv;
        }
        fields.madv >= 0
    }

    /// Whether [`Object::purge`] may be called (`drm_gem_shmem_is_purgeable`). Nobody checks the lock.
    #[must_use]
    #[cfg_attr(feature = "locate", deprecated(note = "F22"))]
    pub fn is_purgeable(&self) -> bool {
        let fields = self.racy();
        fields.madv > 0
            && fields.vmap_use_count == 0
            && fields.sgt.is_some()
            && !self.base.has_dma_buf()
            && !self.base.is_imported()
    }

    /// Throws the contents away: table, one use of the pages, user mappings, mmap offset, the file's pages
    /// (`drm_gem_shmem_purge`). Warns, and goes on, when the object is not purgeable.
    #[cfg_attr(feature = "locate", deprecated(note = "F23"))]
    pub fn purge(&self, guard: &mut ResvGuard) {
        if !self.is_purgeable() {
            self.machine()
                .warn("drm_gem_shmem: purge of what is not purgeable");
        }
        let Some(table) = self.locked(guard).sgt.take() else {
            self.machine()
                .oops("drm_gem_shmem: purge of an object without a table");
            return;
        };
        table.unmap();
        self.put_pages(guard);
        self.locked(guard).madv = -1;
        self.base.zap_user_mappings();
        self.base.free_mmap_offset();
        if let Some(file) = self.base.filp() {
            file.truncate();
        }
    }
}

//! The pages, and the count of their users.

use drm_core::errno::{Errno, Result};
use drm_core::memory::Page;
use drm_core::resv::ResvGuard;

use super::object::Object;

impl Object {
    /// One more user of the pages; the first gets them all (`drm_gem_shmem_get_pages`).
    ///
    /// `EINVAL` for an import, which has no file; `ENOSPC`, `ENOMEM`, `EIO` of the file. A failure leaves the count at 0.
    pub(super) fn get_pages(&self, guard: &mut ResvGuard) -> Result {
        {
            let mut fields = self.locked(guard);
            fields.pages_use_count = fields.pages_use_count.wrapping_add(1);
            if fields.pages_use_count > 1 {
                return Ok(());
            }
        }
        // Memory may be short, and others run meanwhile, who read the fields without the lock.
        let pages = self.read_all_pages();
        let mut fields = self.locked(guard);
        match pages {
            Ok(pages) => {
                fields.pages = Some(pages);
                Ok(())
            }
            Err(error) => {
                fields.pages_use_count = 0;
                Err(error)
            }
        }
    }

    /// Every page of the file, which is unevictable from now on (`drm_gem_get_pages`).
    fn read_all_pages(&self) -> Result<Vec<Option<Page>>> {
        let Some(file) = self.base.filp() else {
            self.machine()
                .warn("drm_gem: pages wanted of an object without a file");
            return Err(Errno::EINVAL);
        };
        self.machine()
            .failpoints()
            .check(drm_core::machine::Fail::Alloc)?;
        file.set_unevictable(true);
        let pages: Result<Vec<_>> = (0..self.base.pages())
            .map(|index| file.read_page(index).map(Some))
            .collect();
        if pages.is_err() {
            file.set_unevictable(false);
        }
        pages
    }

    /// One user of the pages less; the last gives them all back (`drm_gem_shmem_put_pages`).
    ///
    /// Warns once, and does nothing, when there is none.
    #[cfg_attr(feature = "locate", deprecated(note = "F17"))]
    pub fn put_pages(&self, guard: &mut ResvGuard) {
        let mut fields = self.locked(guard);
        if fields.pages_use_count == 0 {
            self.machine()
                .warn_once("drm_gem_shmem: pages put that nobody uses");
            return;
        }
        fields.pages_use_count -= 1;
        if fields.pages_use_count > 0 {
            return;
        }
        let pages = fields.pages.take();
        if let Some(file) = self.base.filp() {
            file.set_unevictable(false);
            if self.pages_mark_dirty_on_put.get() {
                let present = pages
                    .iter()
                    .flatten()
                    .zip(0..)
                    .filter(|(page, _)| page.is_some());
                present.for_each(|(_, index)| file.mark_dirty(index));
            }
        }
    }

    /// One more user of the pages; 6.12 has no other kind of pin (`drm_gem_shmem_pin_locked`).
    #[cfg_attr(feature = "locate", deprecated(note = "F18"))]
    pub fn pin_locked(&self, guard: &mut ResvGuard) -> Result {
        if self.base.is_imported() {
            self.machine().warn("drm_gem_shmem: pin of an import");
        }
        self.get_pages(guard)
    }

    /// Undoes one [`Object::pin_locked`] (`drm_gem_shmem_unpin_locked`).
    #[cfg_attr(feature = "locate", deprecated(note = "F18"))]
    pub fn unpin_locked(&self, guard: &mut ResvGuard) {
        self.put_pages(guard);
    }

    /// [`Object::pin_locked`], taking the lock (`drm_gem_shmem_pin`). `EINTR` when a signal arrives first.
    #[cfg_attr(feature = "locate", deprecated(note = "F19"))]
    pub fn pin(&self) -> Result {
        if self.base.is_imported() {
            self.machine().warn("drm_gem_shmem: pin of an import");
        }
        let mut guard = self.base.resv().lock_interruptible()?;
        self.pin_locked(&mut guard)
    }

    /// [`Object::unpin_locked`], taking the lock (`drm_gem_shmem_unpin`).
    #[cfg_attr(feature = "locate", deprecated(note = "F19"))]
    pub fn unpin(&self) {
        if self.base.is_imported() {
            self.machine().warn("drm_gem_shmem: unpin of an import");
        }
        let mut guard = self.base.resv().lock();
        self.unpin_locked(&mut guard);
    }
}

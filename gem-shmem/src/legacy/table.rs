//! Scatter tables: a fresh one for an exporter, the cached DMA-mapped one for the driver.

use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::memory::Page;
use drm_core::resv::ResvGuard;
use drm_core::sync::Arc;

use super::object::Object;

impl Object {
    /// A fresh table of all pages, not mapped for DMA (`drm_gem_shmem_get_sg_table`). Somebody must hold the pages: nobody
    /// checks. `ENOMEM`.
    #[cfg_attr(feature = "locate", deprecated(note = "F16"))]
    pub fn get_sg_table(&self, guard: &mut ResvGuard) -> Result<SgTable> {
        if self.base.is_imported() {
            self.machine()
                .warn("drm_gem_shmem: table wanted of an import");
        }
        let fields = self.locked(guard);
        let Some(pages) = &fields.pages else {
            self.machine()
                .oops("drm_gem_shmem: table made of pages that are not there");
            return Err(Errno::EFAULT);
        };
        let pages: Option<Vec<&Page>> = pages.iter().map(Option::as_ref).collect();
        let Some(pages) = pages else {
            self.machine()
                .oops("drm_gem_shmem: table made of a null page entry");
            return Err(Errno::EFAULT);
        };
        let addrs = pages.into_iter().map(Page::phys);
        SgTable::from_addrs(self.machine(), addrs, self.base.dev().dma().max_segment())
    }

    /// The object's table, mapped for the device's DMA; made by the first call, which gets the pages and keeps a use of them
    /// until purge or free (`drm_gem_shmem_get_pages_sgt`).
    ///
    /// `EINTR` when a signal arrives before the lock; errors of the pages; `ENOMEM`; `EIO` of the DMA mapping. A failure
    /// leaves no use behind. An import answers with the table that it was made with; one without warns, `EINVAL`.
    #[cfg_attr(feature = "locate", deprecated(note = "F15"))]
    pub fn get_pages_sgt(&self) -> Result<Arc<SgTable>> {
        let mut guard = self.base.resv().lock_interruptible()?;
        self.get_pages_sgt_locked(&mut guard)
    }

    fn get_pages_sgt_locked(&self, guard: &mut ResvGuard) -> Result<Arc<SgTable>> {
        if let Some(table) = &self.locked(guard).sgt {
            return Ok(Arc::clone(table));
        }
        if self.base.is_imported() {
            self.machine()
                .warn("drm_gem_shmem: table wanted of an import that has none");
        }
        self.get_pages(guard)?;
        let mapped = self.get_sg_table(guard).and_then(|table| {
            table.map(self.base.dev().dma())?;
            Ok(Arc::new(table))
        });
        match mapped {
            Ok(table) => {
                self.locked(guard).sgt = Some(Arc::clone(&table));
                Ok(table)
            }
            Err(error) => {
                self.put_pages(guard);
                Err(error)
            }
        }
    }
}

//! The kernel mapping, counted.

use drm_core::errno::{Errno, Result};
use drm_core::gem::IosysMap;
use drm_core::machine::Fail;
use drm_core::memory::{KernelMap, Page};
use drm_core::resv::ResvGuard;

use super::object::Object;

impl Object {
    /// Maps the whole object for the kernel; the first user gets the pages (`drm_gem_shmem_vmap`).
    ///
    /// An import is mapped by its exporter; `EIO`, and a warning, when that gives memory of a device. Errors of the pages;
    /// `ENOMEM` when there is no room.
    #[cfg_attr(feature = "locate", deprecated(note = "F20"))]
    pub fn vmap(&self, guard: &mut ResvGuard) -> Result<IosysMap> {
        if let Some(attach) = self.base.import_attach() {
            let map = attach.dma_buf().vmap(guard)?;
            if map.is_io() {
                self.machine()
                    .warn("drm_gem_shmem: import mapped to memory of a device");
                attach.dma_buf().vunmap(guard);
                return Err(Errno::EIO);
            }
            return Ok(map);
        }
        {
            let mut fields = self.locked(guard);
            if fields.vmap_use_count > 0 {
                fields.vmap_use_count += 1;
                return fields
                    .vaddr
                    .clone()
                    .map(IosysMap::System)
                    .ok_or(Errno::ENOMEM);
            }
        }
        self.get_pages(guard)?;
        match self.map_pages(guard) {
            Ok(map) => {
                let mut fields = self.locked(guard);
                fields.vmap_use_count = 1;
                fields.vaddr = Some(map.clone());
                Ok(IosysMap::System(map))
            }
            Err(error) => {
                self.put_pages(guard);
                Err(error)
            }
        }
    }

    fn map_pages(&self, guard: &mut ResvGuard) -> Result<KernelMap> {
        self.machine().failpoints().check(Fail::Vmap)?;
        let fields = self.locked(guard);
        let pages: Option<Vec<Page>> = fields.pages.iter().flatten().cloned().collect();
        let Some(pages) = pages else {
            self.machine()
                .oops("drm_gem_shmem: vmap of a null page entry");
            return Err(Errno::EFAULT);
        };
        let map = KernelMap::new(self.machine().ram(), &pages)?;
        self.machine().counters().vmaps.add(1);
        Ok(map)
    }

    /// Undoes one [`Object::vmap`]; the last user unmaps and puts the pages (`drm_gem_shmem_vunmap`).
    ///
    /// Warns once, and does nothing, when nobody has mapped it.
    #[cfg_attr(feature = "locate", deprecated(note = "F20"))]
    pub fn vunmap(&self, guard: &mut ResvGuard) {
        if let Some(attach) = self.base.import_attach() {
            attach.dma_buf().vunmap(guard);
            self.locked(guard).vaddr = None;
            return;
        }
        {
            let mut fields = self.locked(guard);
            if fields.vmap_use_count == 0 {
                self.machine()
                    .warn_once("drm_gem_shmem: vunmap without vmap");
                return;
            }
            fields.vmap_use_count -= 1;
            if fields.vmap_use_count > 0 {
                return;
            }
            if let Some(map) = fields.vaddr.take() {
                map.unmap();
                self.machine().counters().vunmaps.add(1);
            }
        }
        self.put_pages(guard);
    }
}

//! The kernel mapping: counted, and held by a guard.

use std::fmt;

use drm_core::errno::{Errno, Result};
use drm_core::gem::{Gem, IosysMap};
use drm_core::machine::Fail;
use drm_core::memory::{KernelMap, Page};
use drm_core::resv::ResvGuard;

use crate::object::{Kind, Object};

impl Object {
    /// One more user of the kernel mapping; the first gets the pages and maps them (`drm_gem_shmem_vmap`). An import is mapped
    /// by its exporter.
    ///
    /// `EIO`, and a warning, when an exporter gives memory of a device; errors of the pages; `ENOMEM` when there is no room.
    /// Nothing has changed then.
    pub(crate) fn map_kernel(&self, guard: &mut ResvGuard) -> Result<IosysMap> {
        let own = match &self.kind {
            Kind::Own(own) => own,
            Kind::Imported(attach) => {
                let map = attach.dma_buf().vmap(guard)?;
                if map.is_io() {
                    self.machine()
                        .warn("gem_shmem: import mapped to memory of a device");
                    attach.dma_buf().vunmap(guard);
                    return Err(Errno::EIO);
                }
                return Ok(map);
            }
        };
        let mapped = own.get(guard).vmap.clone();
        let map = match mapped {
            Some(map) => map,
            None => {
                self.get_pages(guard)?;
                let mapped = self.map_pages(&own.get(guard).pages);
                mapped.inspect_err(|_| self.put_pages(guard))?
            }
        };
        let mut own = own.get_mut(guard);
        own.vmaps += 1;
        own.vmap = Some(map.clone());
        Ok(IosysMap::System(map))
    }

    fn map_pages(&self, pages: &[Page]) -> Result<KernelMap> {
        self.machine().failpoints().check(Fail::Vmap)?;
        let map = KernelMap::new(self.machine().ram(), pages)?;
        self.machine().counters().vmaps.add(1);
        Ok(map)
    }

    /// One user of the kernel mapping less; the last unmaps, and puts the pages (`drm_gem_shmem_vunmap`).
    pub(crate) fn unmap_kernel(&self, guard: &mut ResvGuard) {
        let own = match &self.kind {
            Kind::Own(own) => own,
            Kind::Imported(attach) => return attach.dma_buf().vunmap(guard),
        };
        let mut own = own.get_mut(guard);
        let Some(left) = own.vmaps.checked_sub(1) else {
            self.machine().warn_once("gem_shmem: vunmap without vmap");
            return;
        };
        own.vmaps = left;
        if left == 0 {
            if let Some(map) = own.vmap.take() {
                map.unmap();
                self.machine().counters().vunmaps.add(1);
            }
            self.put_use(&mut own);
        }
    }
}

/// A user of an object's kernel mapping (`drm_gem_vmap_unlocked`). Dropping it is the vunmap, which takes the reservation.
///
/// Holding it tells you that the object exists, that its pages are in RAM and stay, and where their bytes are; not that an
/// importer's or a device's writes are visible: [`ShadowMaps::cpu_access`](crate::ShadowMaps::cpu_access) says that.
pub struct Vmap {
    object: Gem<Object>,
    map: IosysMap,
}

impl fmt::Debug for Vmap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Vmap").field(&self.object).finish()
    }
}

impl Vmap {
    /// Maps `object` for the kernel. Takes its reservation, no matter how long that takes.
    ///
    /// `ENOMEM`, `ENOSPC` when the pages cannot be had, `ENOMEM` when there is no room for the mapping; for an import the
    /// exporter's answer, and `EIO` when it gives memory of a device.
    pub fn new(object: &Gem<Object>) -> Result<Self> {
        let mut guard = object.base.resv().lock();
        let map = object.map_kernel(&mut guard)?;
        Ok(Self {
            object: object.clone(),
            map,
        })
    }

    /// The object that is mapped.
    #[must_use]
    pub fn object(&self) -> &Gem<Object> {
        &self.object
    }

    /// Copies from byte `at` of the object. `EFAULT` outside of it.
    pub fn read(&self, at: u64, into: &mut [u8]) -> Result {
        self.map.map().read(at, into)
    }

    /// Copies to byte `at` of the object. `EFAULT` outside of it.
    pub fn write(&self, at: u64, from: &[u8]) -> Result {
        self.map.map().write(at, from)
    }

    /// Page `index` of the object, with a page reference, for the deferred I/O of fbdev
    /// (`drm_fbdev_shmem.c: drm_fbdev_shmem_get_page`). `None` beyond the object, and for an import, whose pages are the
    /// exporter's. Takes the reservation.
    #[must_use]
    pub fn page(&self, index: u64) -> Option<Page> {
        let Kind::Own(own) = &self.object.kind else {
            return None;
        };
        let guard = self.object.base.resv().lock();
        let own = own.get(&guard);
        own.pages.get(usize::try_from(index).ok()?).cloned()
    }
}

impl Drop for Vmap {
    fn drop(&mut self) {
        let mut guard = self.object.base.resv().lock();
        self.object.unmap_kernel(&mut guard);
    }
}

//! The kernel's mapping, counted.

use drm_core::errno::{Errno, Result};
use drm_core::gem::IosysMap;
use drm_core::machine::Fail;
use drm_core::memory::KernelMap;
use drm_core::resv::ResvGuard;
use drm_core::sync::atomic::Ordering;

use super::{CpuMap, Kernel};
use crate::backing::Backing;
use crate::device_map::DeviceMap;

impl CpuMap {
    /// Maps the whole object for the kernel, or counts one more user of the mapping; the pages are pinned meanwhile
    /// (in the place of `drm_gem_shmem_vmap`). Undone by [`CpuMap::vunmap`].
    ///
    /// An import is mapped by its exporter; `EIO`, and a warning, when that gives memory of a device. Errors of
    /// [`Backing::populate`], of [`DeviceMap::table`] for a write-combined mapping; `ENOMEM` when there is no room. A failure
    /// changes nothing.
    pub fn vmap<'d>(
        &self,
        guard: &mut ResvGuard,
        backing: &Backing,
        device: impl Into<Option<&'d DeviceMap>>,
    ) -> Result<IosysMap> {
        if let Some(import) = backing.import() {
            let map = import.dma_buf().vmap(guard)?;
            if map.is_io() {
                self.machine
                    .warn("gem-uma: import mapped to memory of a device");
                import.dma_buf().vunmap(guard);
                return Err(Errno::EIO);
            }
            return Ok(map);
        }
        if let Some(kernel) = &*self.kernel.get(guard) {
            self.vmaps.fetch_add(1, Ordering::SeqCst);
            return Ok(IosysMap::System(kernel.map.clone()));
        }
        let filled = !backing.is_resident();
        let pin = backing.pin(guard)?;
        let mapped = self
            .prepare(guard, backing, device.into())
            .and_then(|()| self.map_pages(guard, backing));
        match mapped {
            Ok(map) => {
                *self.kernel.get_mut(guard) = Some(Kernel {
                    map: map.clone(),
                    pin,
                });
                self.vmaps.store(1, Ordering::SeqCst);
                Ok(IosysMap::System(map))
            }
            Err(error) => {
                backing.unpin(guard, pin);
                if filled {
                    backing.undo_fill(guard);
                }
                Err(error)
            }
        }
    }

    /// What must be done before the CPU maps pages.
    pub(super) fn prepare(
        &self,
        guard: &mut ResvGuard,
        backing: &Backing,
        device: Option<&DeviceMap>,
    ) -> Result {
        if self.options.flush
            && self.is_write_combined()
            && let Some(device) = device
        {
            device.ensure(guard, backing)?;
        }
        Ok(())
    }

    fn map_pages(&self, guard: &ResvGuard, backing: &Backing) -> Result<KernelMap> {
        self.machine.failpoints().check(Fail::Vmap)?;
        let pages = backing.pages(guard).ok_or(Errno::EINVAL)?;
        let map = KernelMap::new(self.machine.ram(), pages.as_slice())?;
        self.machine.counters().vmaps.add(1);
        Ok(map)
    }

    /// Undoes one [`CpuMap::vmap`]; the last unmaps, and gives the pin back. Warns once, and does nothing, without one.
    pub fn vunmap(&self, guard: &mut ResvGuard, backing: &Backing) {
        if let Some(import) = backing.import() {
            import.dma_buf().vunmap(guard);
            return;
        }
        let ended = {
            let mut kernel = self.kernel.get_mut(guard);
            match self.vmaps() {
                0 => {
                    self.machine.warn_once("gem-uma: vunmap without vmap");
                    return;
                }
                1 => kernel.take(),
                _ => None,
            }
        };
        self.vmaps.fetch_sub(1, Ordering::SeqCst);
        if let Some(Kernel { map, pin }) = ended {
            map.unmap();
            self.machine.counters().vunmaps.add(1);
            backing.unpin(guard, pin);
        }
    }

    /// The kernel's mapping, if there is one (what the base class keeps in `vaddr`). Without the reservation it may be
    /// unmapped the moment it is seen; access is refused then.
    #[must_use]
    pub fn kernel_map(&self) -> Option<KernelMap> {
        loop {
            if let Some(kernel) = self.kernel.peek() {
                return kernel.as_ref().map(|kernel| kernel.map.clone());
            }
            drm_core::sync::yield_now();
        }
    }
}

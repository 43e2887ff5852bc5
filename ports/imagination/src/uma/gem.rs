//! The buffer object (`pvr_gem.c`).

use drm_core::device::Device;
use drm_core::dma::Entry;
use drm_core::errno::{Errno, Result};
use drm_core::gem::{Gem, Header};
use drm_core::gpuvm::GpuVaList;
use drm_core::memory::KernelMap;
use drm_core::mmap::NewVma;
use drm_core::prime::{self, DmaBuf};
use drm_core::resv::ResvGuard;
use gem_uma::{
    Backing, BackingOptions, Caching, CpuMap, CpuMapOptions, DeviceMap, New, Share, ShareOptions,
    UmaObject,
};

use super::drv::Hooks;
use super::free_list;
use crate::buffer::{PvrGem, PvrVm};
use crate::uapi::BoFlags;

/// A buffer object (`struct pvr_gem_object`).
#[derive(UmaObject)]
#[uma(export = Self::export_own, mmap = Self::mmap_own, status = none, rss = none)]
pub struct PvrGemObject {
    /// The GEM object.
    #[uma(gem)]
    pub gem: Header,
    /// The pages.
    #[uma(backing)]
    pub backing: Backing,
    /// The table mapped for the device.
    #[uma(device_map)]
    pub dmap: DeviceMap,
    /// Kernel and user mappings.
    #[uma(cpu_map)]
    pub cmap: CpuMap,
    /// Export and import.
    #[uma(share)]
    pub share: Share,
    /// What it was created with. An import never gets any.
    flags: BoFlags,
    gpuva: GpuVaList<PvrVm<Self>>,
}

impl PvrGemObject {
    /// `pvr_gem_create_object`.
    /// Builds the parts of an object with these flags.
    pub fn new(new: New, flags: BoFlags) -> Result<Self> {
        let caching = if flags.contains(BoFlags::CPU_CACHED) {
            Caching::Cached
        } else {
            Caching::WriteCombined
        };
        Ok(Self {
            backing: Backing::new(&new, BackingOptions::as_base_class().dirty(true)),
            dmap: DeviceMap::new(&new),
            cmap: CpuMap::new(&new, CpuMapOptions::as_base_class().caching(caching)),
            share: Share::new(&new, ShareOptions::default()),
            gem: new.into_gem(),
            flags,
            gpuva: GpuVaList::default(),
        })
    }
}

/// `pvr_gem_object_funcs`.
impl PvrGemObject {
    /// `pvr_gem_export`. `EPERM` for memory of the parameter manager and the firmware.
    fn export_own(&self, writable: bool) -> Result<DmaBuf> {
        if self.flags().contains(BoFlags::PM_FW_PROTECT) {
            return Err(Errno::EPERM);
        }
        prime::export(&self.gem, writable)
    }

    /// `pvr_gem_mmap`. `EINVAL` unless the object was created for it, which an import never is.
    fn mmap_own(&self, vma: &mut NewVma) -> Result {
        if !self.flags().contains(BoFlags::ALLOW_CPU_USERSPACE_ACCESS) {
            return Err(Errno::EINVAL);
        }
        self.cmap.mmap(vma, &self.backing, &self.dmap)
    }
}

/// `pvr_gem_object_flags_validate`: known flags, and no memory that is both protected and open to processes.
fn flags_are_valid(flags: BoFlags) -> bool {
    let both = BoFlags::PM_FW_PROTECT | BoFlags::ALLOW_CPU_USERSPACE_ACCESS;
    BoFlags::all().contains(flags) && !flags.contains(both)
}

impl PvrGemObject {
    /// `pvr_gem_object_zero`: through the kernel mapping, so that the caching is that of later users.
    fn zero(&self) -> Result {
        let map = self.kernel_map()?;
        map.fill(0, map.len(), 0)?;
        self.kernel_unmap();
        Ok(())
    }

    /// Makes the caches agree, if the CPU has any of the object. Without a table the device has not seen it yet.
    fn sync_if_cached(&self, guard: &mut ResvGuard) {
        if self.flags().contains(BoFlags::CPU_CACHED)
            && let Some(sgt) = self.dmap.existing(guard)
        {
            sgt.sync();
        }
    }
}

impl PvrGem for PvrGemObject {
    type Hooks = Hooks;

    fn create(dev: &Device, size: u64, flags: BoFlags) -> Result<Gem<Self>> {
        if size == 0 || !flags_are_valid(flags) {
            return Err(Errno::EINVAL);
        }
        let bo = gem_uma::create(dev, size, |new| Self::new(new, flags))?;
        // On an error the last reference goes, and with it the object.
        bo.dmap.lock_table(&bo.backing)?.sync();
        // Whether it was zeroed here is not looked at: the pages were zero when they were read in.
        let _ignored = bo.zero();
        Ok(bo)
    }

    fn flags(&self) -> BoFlags {
        self.flags
    }

    fn gpuva(&self) -> &GpuVaList<PvrVm<Self>> {
        &self.gpuva
    }

    fn get_pages_sgt(&self) -> Result<Vec<Entry>> {
        Ok(self.dmap.lock_table(&self.backing)?.dma_entries().to_vec())
    }

    fn get_block_sgt(&self) -> Result<Vec<Entry>> {
        free_list::block_sgt(self)
    }

    /// The part's vmap, then the caches.
    fn kernel_map(&self) -> Result<KernelMap> {
        let mut guard = self.gem.resv().lock();
        let map = self.cmap.vmap(&mut guard, &self.backing, &self.dmap)?;
        self.sync_if_cached(&mut guard);
        Ok(map.map().clone())
    }

    /// Undone for an import as well: it is the part that knows whose mapping it is (D1).
    fn kernel_unmap(&self) {
        let mut guard = self.gem.resv().lock();
        self.sync_if_cached(&mut guard);
        self.cmap.vunmap(&mut guard, &self.backing);
    }

    /// Walks the table under the lock, and counts in 64 bits (D15).
    fn get_dma_addr(&self, offset: u32) -> Result<u64> {
        let guard = self.gem.resv().lock();
        let Some(sgt) = self.dmap.existing(&guard) else {
            self.gem.machine().warn("pvr_gem.c: !sgt");
            return Err(Errno::EINVAL);
        };
        let mut rest = u64::from(offset);
        for entry in sgt.dma_entries() {
            if rest < entry.len {
                return Ok(entry.addr + rest);
            }
            rest -= entry.len;
        }
        Err(Errno::EINVAL)
    }
}

//! The object, and its function table (`panthor_gem_funcs`).

use drm_core::errno::{Errno, Result};
use drm_core::gem::{Gone, Header};
use drm_core::mmap::NewVma;
use drm_core::prime::{self, DmaBuf};
use gem_uma::{
    Backing, BackingOptions, Caching, CpuMap, CpuMapOptions, DeviceMap, GpuVmMap, New, Reclaim,
    ReclaimOptions, Share, ShareOptions, UmaObject,
};

use crate::bo::Common;
use crate::device::is_coherent;
use crate::mmu::Types;
use crate::uapi::BO_NO_MMAP;

/// `struct panthor_gem_object`.
#[derive(UmaObject)]
#[uma(free_before = Self::free_own, mmap = Self::mmap_own, export = Self::export_own, status = none, rss = none)]
pub struct PanthorObject {
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
    /// Where address spaces map it.
    #[uma(gpu_map)]
    pub gmap: GpuVmMap<Types<PanthorObject>>,
    /// When it leaves RAM.
    #[uma(reclaim)]
    pub reclaim: Reclaim,
    /// Export and import.
    #[uma(share)]
    pub share: Share,
    /// The driver's part.
    pub common: Common<PanthorObject>,
    /// Whether mappings alone do not keep the pages.
    pub evictable: bool,
}

impl PanthorObject {
    /// `panthor_gem_create_object`: whether the CPU may cache is decided here, for imports, too.
    pub fn new(new: New) -> Result<Self> {
        Self::with(
            new,
            BackingOptions::as_base_class(),
            CpuMapOptions::as_base_class(),
            false,
        )
    }

    /// An object that leaves RAM when it is reclaimed: pages come when somebody wants them.
    pub fn new_evictable(new: New) -> Result<Self> {
        Self::with(
            new,
            BackingOptions::default(),
            CpuMapOptions::default(),
            true,
        )
    }

    fn with(
        new: New,
        backing: BackingOptions,
        cmap: CpuMapOptions,
        evictable: bool,
    ) -> Result<Self> {
        let dev = &new.dev().clone();
        let write_combined = !is_coherent(dev);
        Ok(Self {
            backing: Backing::new(&new, backing),
            dmap: DeviceMap::new(&new),
            cmap: CpuMap::new(
                &new,
                cmap.caching(if write_combined {
                    Caching::WriteCombined
                } else {
                    Caching::Cached
                }),
            ),
            gmap: GpuVmMap::new(&new),
            reclaim: Reclaim::new(&new, ReclaimOptions::default()),
            share: Share::new(&new, ShareOptions::default()),
            gem: new.into_gem(),
            common: Common::default(),
            evictable,
        })
    }
}

impl PanthorObject {
    /// `panthor_gem_free_object`: the space's object, whose lock may be needed here, goes last.
    fn free_own(&self, _gone: &Gone) {
        self.gem.free_mmap_offset();
    }

    /// `panthor_gem_mmap`.
    fn mmap_own(&self, vma: &mut NewVma) -> Result {
        if self.common.flags() & BO_NO_MMAP != 0 {
            return Err(Errno::EINVAL);
        }
        self.cmap.mmap(vma, &self.backing, &self.dmap)
    }

    /// `panthor_gem_prime_export`: what only one address space may map, no other device may.
    fn export_own(&self, writable: bool) -> Result<DmaBuf> {
        if self.common.exclusive_vm_root_gem().is_some() {
            return Err(Errno::EINVAL);
        }
        prime::export(&self.gem, writable)
    }
}

//! The object, and its function table (`panthor_gem_funcs`).

use drm_core::errno::{Errno, Result};
use drm_core::gem::{Gone, Header};
use drm_core::mmap::NewVma;
use drm_core::prime::{self, DmaBuf};
use gem_uma::{
    Backing, BackingOptions, Caching, CpuMap, CpuMapOptions, DeviceMap, New, Share, ShareOptions,
    UmaObject,
};

use crate::bo::Common;
use crate::device::is_coherent;
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
    /// Export and import.
    #[uma(share)]
    pub share: Share,
    /// The driver's part.
    pub common: Common<PanthorObject>,
}

impl PanthorObject {
    /// `panthor_gem_create_object`: whether the CPU may cache is decided here, for imports, too.
    pub fn new(new: New) -> Result<Self> {
        let dev = &new.dev().clone();
        let write_combined = !is_coherent(dev);
        Ok(Self {
            backing: Backing::new(&new, BackingOptions::as_base_class()),
            dmap: DeviceMap::new(&new),
            cmap: CpuMap::new(
                &new,
                CpuMapOptions::as_base_class().caching(if write_combined {
                    Caching::WriteCombined
                } else {
                    Caching::Cached
                }),
            ),
            share: Share::new(&new, ShareOptions::default()),
            gem: new.into_gem(),
            common: Common::default(),
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

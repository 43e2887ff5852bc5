//! The object (`rocket_gem.c`).

use drm_core::errno::{Errno, Result};
use drm_core::gem::{Gem, Header};
use gem_uma::{
    Backing, BackingOptions, CpuMap, CpuMapOptions, DeviceMap, New, Share, ShareOptions, UmaObject,
};

use super::domain_map::DomainMap;

/// `struct rocket_gem_object`.
#[derive(UmaObject)]
#[uma(status = none, rss = none)]
pub(crate) struct RocketObject {
    #[uma(gem)]
    pub(crate) gem: Header,
    #[uma(backing)]
    pub(crate) backing: Backing,
    #[uma(device_map)]
    pub(crate) dmap: DeviceMap,
    #[uma(cpu_map)]
    pub(crate) cmap: CpuMap,
    #[uma(share)]
    pub(crate) share: Share,
    #[uma(part)]
    pub(super) place: DomainMap,
}

impl RocketObject {
    /// Device address; 0 before it has one.
    pub(crate) fn start(&self) -> u64 {
        self.place.range().0
    }

    /// Bytes that are mapped.
    pub(crate) fn size(&self) -> u64 {
        self.place.range().1
    }
}

/// A reference to the object as one of this driver (`gem_to_rocket_bo`).
pub(super) fn to_rocket_bo(object: &Gem) -> Result<Gem<RocketObject>> {
    object.downcast().ok_or(Errno::EINVAL)
}

/// `rocket_gem_create_object`.
impl RocketObject {
    /// Builds the parts of an object that is being made.
    pub fn new(new: New) -> Result<Self> {
        Ok(Self {
            backing: Backing::new(&new, BackingOptions::as_base_class()),
            dmap: DeviceMap::new(&new),
            cmap: CpuMap::new(&new, CpuMapOptions::as_base_class()),
            share: Share::new(&new, ShareOptions::default()),
            place: DomainMap::new(&new),
            gem: new.into_gem(),
        })
    }
}

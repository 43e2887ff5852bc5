//! The driver's objects on `gem_shmem::legacy`, the base class of today, used and abused as the real driver does.
//!
//! A file for each of the real driver's, cut down to what touches the base class: `gem.rs` (`panfrost_gem.c`), `mmu.rs`
//! (`panfrost_mmu.c`), `shrinker.rs` (`panfrost_gem_shrinker.c`), `drv.rs` (`panfrost_drv.c`), `perfcnt.rs`
//! (`panfrost_perfcnt.c`), `dump.rs` (`panfrost_dump.c`).

mod drv;
mod dump;
mod gem;
mod mapping;
mod mmu;
mod perfcnt;
mod shrinker;

use drm_core::device::Device;
use drm_core::sync::{Arc, Mutex};
use gem_uma::PurgeList;

use crate::device::PanfrostDevice;
use crate::drv::Panfrost;

pub(crate) use gem::PanfrostObject;
pub(crate) use mapping::Mapping;

/// What the driver keeps for its objects: the part of `struct panfrost_device` that is made of the base class.
pub(crate) struct Objects {
    pfdev: Arc<PanfrostDevice>,
    /// `shrinker_lock` around `shrinker_list`: BOs that may be purged, the one that was offered first at the head.
    shrinker_list: Mutex<PurgeList>,
}

impl Objects {
    pub(crate) fn new(pfdev: &Arc<PanfrostDevice>) -> Arc<Self> {
        Arc::new(Self {
            pfdev: Arc::clone(pfdev),
            shrinker_list: Mutex::default(),
        })
    }
}

/// The driver of a device that has objects of this side (`dev->dev_private`).
fn to_panfrost(dev: &Device) -> Arc<Panfrost<Objects>> {
    dev.driver_as()
        .expect("objects of this type are made by this driver alone")
}

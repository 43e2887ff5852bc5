//! The driver's objects on `gem_shmem::legacy`, the base class of today, used and abused as the real driver does (`rocket_gem.c`).

mod create;
mod gem;

use drm_core::sync::Arc;

use crate::device::RocketDevice;

pub(crate) use gem::RocketObject;

/// The side.
pub(crate) struct Objects {
    device: Arc<RocketDevice>,
}

impl Objects {
    pub(crate) fn new(device: &Arc<RocketDevice>) -> Arc<Self> {
        Arc::new(Self {
            device: Arc::clone(device),
        })
    }
}

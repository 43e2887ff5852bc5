//! The driver's objects on `gem_shmem::legacy`, the base class of today, used and abused as the real driver does (`amdxdna_gem.c`).

mod create;
mod gem;
mod mmap;
mod prime;
mod sync;

use drm_core::sync::Arc;

use crate::device::AmdxdnaDevice;

pub(crate) use gem::AmdxdnaObject;

/// The side.
pub(crate) struct Objects {
    device: Arc<AmdxdnaDevice>,
}

impl Objects {
    pub(crate) fn new(device: &Arc<AmdxdnaDevice>) -> Arc<Self> {
        Arc::new(Self {
            device: Arc::clone(device),
        })
    }
}

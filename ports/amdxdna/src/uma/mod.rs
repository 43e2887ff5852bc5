//! The driver's objects made of the parts of gem-uma, and of parts of its own (`amdxdna_gem.c`).

mod create;
mod dev;
mod gem;
mod mmap;
mod prime;
mod sync;

use drm_core::sync::Arc;

use crate::device::AmdxdnaDevice;

pub(crate) use dev::DevObject;
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

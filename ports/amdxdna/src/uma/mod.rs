//! The driver's objects made of the parts of gem-uma, and of parts of its own (`amdxdna_gem.c`).

mod borrowed;
mod create;
mod gem;
mod mmap;
mod place;
mod prime;
mod slice;
mod sync;

use drm_core::sync::Arc;

use crate::device::AmdxdnaDevice;

pub(crate) use gem::AmdxdnaObject;
pub(crate) use slice::DevObject;

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

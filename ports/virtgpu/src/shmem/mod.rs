//! The driver's objects on `gem_shmem::legacy`, the base class of today, used and abused as the real driver does
//! (`virtgpu_object.c`, `virtgpu_vram.c`, `virtgpu_prime.c`).

mod create;
mod object;
mod prime;
mod vram;

use drm_core::sync::Arc;

use crate::device::VirtgpuDevice;

pub(crate) use object::VirtioGpuObject;

/// The side.
pub(crate) struct Objects {
    device: Arc<VirtgpuDevice>,
}

impl Objects {
    pub(crate) fn new(device: &Arc<VirtgpuDevice>) -> Arc<Self> {
        Arc::new(Self {
            device: Arc::clone(device),
        })
    }
}

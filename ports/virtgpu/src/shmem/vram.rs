//! Objects of the host's memory (`virtgpu_vram.c`).

use drm_core::device::Device;
use drm_core::errno::{Errno, Result};
use drm_core::gem::{Gem, Gone};
use gem_shmem::legacy;

use super::Objects;
use super::object::{Funcs, VirtioGpuObject};
use crate::resource::{ObjectParams, Resource};
use crate::uapi::BLOB_FLAG_USE_MAPPABLE;
use crate::vram::Vram;

impl Objects {
    /// `virtio_gpu_vram_create`: the base class is never initialised, only the GEM object in it.
    pub(super) fn vram_create_of(&self, dev: &Device, params: &ObjectParams) -> Result<Gem> {
        let bo = legacy::create_private::<VirtioGpuObject>(dev, params.size)?;
        bo.funcs.get_or_init(|| Funcs::Vram);
        let host = bo
            .host
            .get_or_init(|| Resource::new(&self.device, params.dumb));
        let vram = bo.vram.get_or_init(|| Vram::new(host, params));
        if params.blob_flags & BLOB_FLAG_USE_MAPPABLE != 0 {
            vram.map(&bo.base.base)?;
        }
        Ok(bo.into_dyn())
    }
}

impl VirtioGpuObject {
    /// What only an object of the host's memory has. `EINVAL` for any other.
    pub(super) fn vram(&self) -> Result<&Vram> {
        self.vram.get().ok_or(Errno::EINVAL)
    }

    /// `virtio_gpu_vram_free`: the host is told twice, and its second answer destroys the object. One that the host was not told of is
    /// not freed at all.
    pub(super) fn vram_free(&self, gone: &Gone) {
        let Ok(vram) = self.vram() else {
            // Nobody finishes it.
            drop(gone.defer(&self.base.base));
            return;
        };
        vram.unmap();
        self.free_object(gone);
    }
}

//! Objects of the host's memory (`virtgpu_vram.c`).

use drm_core::device::{Device, File};
use drm_core::errno::Result;
use drm_core::gem::{Gem, Gone, Header};
use drm_core::mmap::NewVma;
use drm_core::prime::DmaBuf;
use drm_core::resv::ResvGuard;
use drm_core::sync::Arc;
use gem_uma::{New, Part, UmaObject};

use super::Objects;
use crate::prime;
use crate::resource::ObjectParams;
use crate::uapi::BLOB_FLAG_USE_MAPPABLE;
use crate::vram::Vram;

/// `struct virtio_gpu_object_vram`: the GEM object and the host's memory, and nothing that it has no use for.
#[derive(UmaObject)]
#[uma(open = Self::open_own, close = Self::close_own, export = Self::export_own, pin = Self::pin_own, mmap = Self::mmap_own)]
pub(crate) struct VramObject {
    #[uma(gem)]
    pub(crate) gem: Header,
    #[uma(part)]
    pub(super) vram: Vram,
}

impl Objects {
    /// `virtio_gpu_vram_create`.
    pub(super) fn vram_create_of(&self, dev: &Device, params: &ObjectParams) -> Result<Gem> {
        let bo = New::private(dev, params.size).create(|new| {
            let host = self.host_of(&new, params.dumb)?;
            Ok(VramObject {
                vram: Vram::new(&host, params),
                gem: new.into_gem(),
            })
        })?;
        if params.blob_flags & BLOB_FLAG_USE_MAPPABLE != 0 {
            bo.vram.map(&bo.gem)?;
        }
        Ok(bo.into_dyn())
    }
}

/// A part of the driver's own: the host is told that its memory is not needed, once, and the part of the window is kept until it has
/// answered.
impl Part for Vram {
    /// `virtio_gpu_vram_free`.
    fn teardown(&self, _gone: &Gone) {
        self.unmap();
        let (host, slice) = (Arc::clone(self.host()), self.take_slice());
        self.host().unref(move || {
            host.put_id();
            drop(slice);
        });
    }
}

impl VramObject {
    /// `virtio_gpu_gem_object_open`.
    fn open_own(&self, file: &File) -> Result {
        self.vram.host().attach_to(&self.gem, file);
        Ok(())
    }

    /// `virtio_gpu_gem_object_close`.
    fn close_own(&self, file: &File) {
        self.vram.host().detach_from(&self.gem, file);
    }

    /// `virtgpu_gem_prime_export`.
    fn export_own(&self, writable: bool) -> Result<DmaBuf> {
        prime::export(&self.gem, self.vram.host(), writable)
    }

    /// Memory of the host does not move.
    fn pin_own(&self, _guard: &mut ResvGuard) -> Result {
        Ok(())
    }

    fn mmap_own(&self, vma: &mut NewVma) -> Result {
        self.vram.mmap(vma)
    }
}

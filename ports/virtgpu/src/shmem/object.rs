//! The object of every kind, and the function tables by which the kinds are told apart (`virtgpu_object.c`, `virtgpu_gem.c`).

use std::fmt;

use drm_core::device::{Device, File};
use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::gem::{self, Fault, FaultContext, Gem, Gone, Header, IosysMap};
use drm_core::mmap::{NewVma, Vma};
use drm_core::prime::DmaBuf;
use drm_core::resv::ResvGuard;
use drm_core::sync::{Arc, OnceLock};
use gem_shmem::legacy;

use crate::foreign::Foreign;
use crate::prime;
use crate::resource::Resource;
use crate::vram::Vram;

/// Whose function table an object has (`funcs`). Nothing else says what kind it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Funcs {
    /// `virtio_gpu_shmem_funcs`: the guest's memory.
    Shmem,
    /// `virtio_gpu_vram_funcs`: the host's.
    Vram,
    /// `virtgpu_gem_dma_buf_funcs`: somebody else's.
    DmaBuf,
}

/// `struct virtio_gpu_object`. Every kind embeds the base class; only one of the three uses it, but for the GEM object in it.
pub(crate) struct VirtioGpuObject {
    pub(crate) base: legacy::Object,
    /// Written once the object exists: the hook does not know what it makes.
    pub(super) funcs: OnceLock<Funcs>,
    pub(super) host: OnceLock<Arc<Resource>>,
    /// Of the host's memory alone (`struct virtio_gpu_object_vram`).
    pub(super) vram: OnceLock<Vram>,
    /// Of an import alone.
    pub(super) foreign: OnceLock<Foreign>,
}

impl VirtioGpuObject {
    pub(super) fn funcs(&self) -> Funcs {
        self.funcs.get().copied().unwrap_or(Funcs::Shmem)
    }

    /// `virtio_gpu_is_shmem`.
    pub(crate) fn is_shmem(&self) -> bool {
        self.funcs() == Funcs::Shmem
    }

    /// `virtio_gpu_is_vram`.
    pub(crate) fn is_vram(&self) -> bool {
        self.funcs() == Funcs::Vram
    }

    /// The host's side of it. `EINVAL` while it is being made.
    pub(super) fn host(&self) -> Result<&Arc<Resource>> {
        self.host.get().ok_or(Errno::EINVAL)
    }

    /// Destroys the object (`virtio_gpu_cleanup_object`): from `free`, or once the host has answered.
    pub(super) fn cleanup(&self, gone: &Gone) {
        if let Ok(host) = self.host() {
            host.put_id();
        }
        if self.is_shmem() {
            self.base.free(gone);
        } else if let Ok(vram) = self.vram() {
            drop(vram.take_slice());
        }
    }

    /// Tells the host, if it was told of the object; its answer destroys it (`virtio_gpu_free_object`).
    pub(super) fn free_object(&self, gone: &Gone) {
        let created = self.host().ok().filter(|host| host.created());
        let Some(host) = created else {
            self.cleanup(gone);
            return;
        };
        if let Some(object) = gone.defer(&self.base.base) {
            host.unref(move || {
                object.finish::<Self>(|bo, gone| bo.cleanup(gone));
            });
        }
    }
}

/// A reference to the object as one of this driver (`gem_to_virtio_gpu_obj`).
pub(super) fn to_virtio_gpu_object(object: &Gem) -> Result<Gem<VirtioGpuObject>> {
    object.downcast().ok_or(Errno::EINVAL)
}

impl legacy::Subclass for VirtioGpuObject {
    fn base(&self) -> &legacy::Object {
        &self.base
    }
}

/// `virtio_gpu_create_object`.
impl legacy::CreateObject for VirtioGpuObject {
    fn gem_create_object(_dev: &Device, base: legacy::Object) -> Result<Self> {
        Ok(Self {
            base,
            funcs: OnceLock::new(),
            host: OnceLock::new(),
            vram: OnceLock::new(),
            foreign: OnceLock::new(),
        })
    }
}

/// The three function tables in one.
impl gem::Object for VirtioGpuObject {
    fn gem(&self) -> &Header {
        &self.base.base
    }

    fn free(&self, gone: &Gone) {
        match self.funcs() {
            Funcs::Shmem => self.free_object(gone),
            Funcs::Vram => self.vram_free(gone),
            Funcs::DmaBuf => self.dma_buf_free(),
        }
    }

    /// `virtio_gpu_gem_object_open`.
    fn open(&self, file: &File) -> Result {
        if self.funcs() != Funcs::DmaBuf {
            self.host()?.attach_to(&self.base.base, file);
        }
        Ok(())
    }

    /// `virtio_gpu_gem_object_close`.
    fn close(&self, file: &File) {
        if self.funcs() != Funcs::DmaBuf
            && let Ok(host) = self.host()
        {
            host.detach_from(&self.base.base, file);
        }
    }

    fn print_info(&self, out: &mut dyn fmt::Write, indent: usize) -> fmt::Result {
        if !self.is_shmem() {
            return Ok(());
        }
        legacy::object_print_info(&self.base, out, indent)
    }

    /// `virtgpu_gem_prime_export`.
    fn export(&self, writable: bool) -> Result<DmaBuf> {
        prime::export(&self.base.base, self.host()?, writable)
    }

    fn pin(&self, guard: &mut ResvGuard) -> Result {
        if !self.is_shmem() {
            return Ok(());
        }
        legacy::object_pin(&self.base, guard)
    }

    fn unpin(&self, guard: &mut ResvGuard) {
        if self.is_shmem() {
            legacy::object_unpin(&self.base, guard);
        }
    }

    fn get_sg_table(&self, guard: &mut ResvGuard) -> Result<SgTable> {
        if !self.is_shmem() {
            return Err(Errno::ENOSYS);
        }
        legacy::object_get_sg_table(&self.base, guard)
    }

    fn vmap(&self, guard: &mut ResvGuard) -> Result<IosysMap> {
        if !self.is_shmem() {
            return Err(Errno::EOPNOTSUPP);
        }
        legacy::object_vmap(&self.base, guard)
    }

    fn vunmap(&self, guard: &mut ResvGuard, _map: &IosysMap) {
        if self.is_shmem() {
            legacy::object_vunmap(&self.base, guard);
        }
    }

    fn mmap(&self, vma: &mut NewVma) -> Result {
        match self.funcs() {
            Funcs::Shmem => legacy::object_mmap(&self.base, vma),
            Funcs::Vram => self.vram()?.mmap(vma),
            Funcs::DmaBuf => Err(Errno::EINVAL),
        }
    }

    fn vm_open(&self, vma: &Vma) {
        if self.is_shmem() {
            legacy::vm_open(&self.base, vma);
        }
    }

    fn vm_close(&self, vma: &Vma) {
        if self.is_shmem() {
            legacy::vm_close(&self.base, vma);
        }
    }

    fn fault(&self, vma: &Vma, fault: FaultContext) -> Fault {
        if !self.is_shmem() {
            return Fault::SigBus;
        }
        legacy::fault(&self.base, vma, fault)
    }
}

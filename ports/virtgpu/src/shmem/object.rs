//! The object (`virtgpu_object.c`).

use std::fmt;

use drm_core::device::Device;
use drm_core::dma::SgTable;
use drm_core::errno::Result;
use drm_core::gem::{self, Fault, FaultContext, Gem, Gone, Header, IosysMap};
use drm_core::mmap::{NewVma, Vma};
use drm_core::resv::ResvGuard;
use drm_core::sync::{Arc, OnceLock};
use gem_shmem::legacy;

use crate::drv::VirtGpu;
use crate::host::{Command, Host};

/// `struct virtio_gpu_object`.
pub(crate) struct VirtioGpuObject {
    pub(crate) base: legacy::Object,
    /// The id of the host's resource and the host; empty until the host was told (`created`).
    created: OnceLock<(u32, Arc<Host>)>,
}

/// `virtio_gpu_object_create` of a classic 2D resource. `size` in bytes, whole pages.
///
/// Errors of the base class, of its pages and of the DMA mapping; the host is not told of an object that failed.
pub(crate) fn object_create(
    gpu: &VirtGpu,
    dev: &Device,
    size: u64,
    width: u32,
    height: u32,
) -> Result<Gem<VirtioGpuObject>> {
    let bo = legacy::create::<VirtioGpuObject>(dev, size)?;
    let id = gpu.module.resource_id();
    let sgt = match bo.base.get_pages_sgt() {
        Ok(sgt) => sgt,
        Err(error) => {
            bo.free_directly(|bo, gone| bo.base.free(gone));
            return Err(error);
        }
    };
    let entries = if gpu.use_dma_api {
        sgt.dma_entries()
    } else {
        sgt.entries()
    };
    gpu.host.queue(Command::Create2d(id, width, height));
    gpu.host.queue(Command::AttachBacking(id, entries.to_vec()));
    bo.created.get_or_init(|| (id, Arc::clone(&gpu.host)));
    Ok(bo)
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
            created: OnceLock::new(),
        })
    }
}

/// `virtio_gpu_shmem_funcs`.
impl gem::Object for VirtioGpuObject {
    fn gem(&self) -> &Header {
        &self.base.base
    }

    /// `virtio_gpu_free_object`: the pages go with the host's answer (`virtio_gpu_cleanup_object`), not here.
    fn free(&self, gone: &Gone) {
        let Some((id, host)) = self.created.get() else {
            self.base.free(gone);
            return;
        };
        if let Some(object) = gone.defer(&self.base.base) {
            host.queue_then(Command::Unref(*id), object, |object| {
                object.finish::<Self>(|bo, gone| bo.base.free(gone));
            });
        }
    }

    fn print_info(&self, out: &mut dyn fmt::Write, indent: usize) -> fmt::Result {
        legacy::object_print_info(&self.base, out, indent)
    }

    fn pin(&self, guard: &mut ResvGuard) -> Result {
        legacy::object_pin(&self.base, guard)
    }

    fn unpin(&self, guard: &mut ResvGuard) {
        legacy::object_unpin(&self.base, guard);
    }

    fn get_sg_table(&self, guard: &mut ResvGuard) -> Result<SgTable> {
        legacy::object_get_sg_table(&self.base, guard)
    }

    fn vmap(&self, guard: &mut ResvGuard) -> Result<IosysMap> {
        legacy::object_vmap(&self.base, guard)
    }

    fn vunmap(&self, guard: &mut ResvGuard, _map: &IosysMap) {
        legacy::object_vunmap(&self.base, guard);
    }

    fn mmap(&self, vma: &mut NewVma) -> Result {
        legacy::object_mmap(&self.base, vma)
    }

    fn vm_open(&self, vma: &Vma) {
        legacy::vm_open(&self.base, vma);
    }

    fn vm_close(&self, vma: &Vma) {
        legacy::vm_close(&self.base, vma);
    }

    fn fault(&self, vma: &Vma, fault: FaultContext) -> Fault {
        legacy::fault(&self.base, vma, fault)
    }
}

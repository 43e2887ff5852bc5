//! Export (`virtgpu_prime.c`): dma-bufs with operations of the driver's own, which other virtio devices know by their UUID.

use drm_core::device::Device;
use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::gem::{Gem, Header, IosysMap};
use drm_core::mmap::NewVma;
use drm_core::prime::{self, Attachment, Direction, DmaBuf, DmaBufOps};
use drm_core::resv::ResvGuard;
use drm_core::sync::Arc;

use crate::device::VirtgpuDevice;
use crate::resource::Resource;

/// `virtgpu_dmabuf_ops`. Holds a reference to the object and to the device.
struct Exported {
    object: Gem,
    vgdev: Arc<VirtgpuDevice>,
    _dev: Device,
}

/// `virtgpu_gem_prime_export`: a classic object gets a UUID with each export, a blob only if it was made for that.
pub(crate) fn export(header: &Header, resource: &Arc<Resource>, writable: bool) -> Result<DmaBuf> {
    let object = header.get().ok_or(Errno::ENOENT)?;
    let vgdev = resource.vgdev();
    let crosses = resource.blob_flags() & crate::uapi::BLOB_FLAG_USE_CROSS_DEVICE != 0;
    if !resource.is_blob() && vgdev.params().uuid {
        resource.assign_uuid(&object);
    } else if !resource.is_blob() || !crosses {
        resource.refuse_uuid();
    }
    let ops = Arc::new(Exported {
        object,
        vgdev: Arc::clone(vgdev),
        _dev: header.dev().clone(),
    });
    Ok(prime::export_with(header, writable, ops))
}

/// The object behind a dma-buf that `dev` exported itself.
pub(crate) fn own_object(dev: &Device, dma_buf: &DmaBuf) -> Option<Gem> {
    let ops = dma_buf.ops_as::<Exported>()?;
    ops.object.gem().dev().is(dev).then(|| ops.object.clone())
}

/// The UUID of a dma-buf, by which the host knows it (`virtio_dma_buf_get_uuid`). `EINVAL` for a dma-buf of another driver, `ENODEV`
/// where the host gave none.
pub(crate) fn uuid_of(dma_buf: &DmaBuf) -> Result<[u8; 16]> {
    let ops = dma_buf.ops_as::<Exported>().ok_or(Errno::EINVAL)?;
    ops.vgdev.resource(&ops.object)?.uuid()
}

/// Whether a device is one of virtio (`is_virtio_device`).
pub(crate) fn is_virtio_device(attach: &Attachment) -> bool {
    attach.device().name().starts_with("virtio")
}

impl DmaBufOps for Exported {
    fn exporter(&self) -> &'static str {
        "virtio_gpu"
    }

    fn object(&self) -> Option<&Gem> {
        Some(&self.object)
    }

    fn attach(&self, _attach: &Attachment) -> Result {
        let mut guard = self.object.gem().resv().lock();
        self.object.pin(&mut guard)
    }

    fn detach(&self, _attach: &Attachment) {
        let mut guard = self.object.gem().resv().lock();
        self.object.unpin(&mut guard);
    }

    fn map(
        &self,
        attach: &Attachment,
        guard: &mut ResvGuard,
        _direction: Direction,
    ) -> Result<Arc<SgTable>> {
        self.vgdev
            .memory()?
            .map_dma_buf(&self.object, attach, guard)
    }

    fn caches_mapping(&self) -> bool {
        true
    }

    fn vmap(&self, guard: &mut ResvGuard) -> Result<IosysMap> {
        self.object.vmap(guard)
    }

    fn vunmap(&self, guard: &mut ResvGuard, map: &IosysMap) {
        self.object.vunmap(guard, map);
    }

    /// As the core's own (`drm_gem_prime_mmap`).
    fn mmap(&self, _dma_buf: &DmaBuf, vma: &mut NewVma) -> Result {
        let start = self.object.gem().node().offset().unwrap_or(0) >> drm_core::PAGE_SHIFT;
        vma.shift(start);
        vma.set_object(Some(self.object.clone()));
        self.object.mmap(vma).inspect_err(|_| vma.set_object(None))
    }
}

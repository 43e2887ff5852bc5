//! Objects of the guest's memory, and what others ask of an object (`virtgpu_object.c`, `virtgpu_vq.c`, `virtgpu_plane.c`).

use drm_core::device::Device;
use drm_core::dma::{Entry, SgTable};
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::page_align;
use drm_core::prime::{Attachment, DmaBuf};
use drm_core::resv::ResvGuard;
use drm_core::sync::Arc;

use super::object::GuestObject;
use super::{Kind, Objects};
use crate::memory::{Memory, PanicBuffer};
use crate::queue::FenceAlloc;
use crate::resource::{ObjectParams, Resource};

impl Objects {
    /// Pages, their list for the host (`virtio_gpu_object_shmem_init`), and the commands. `fence` locks the object.
    fn shmem_init(
        &self,
        bo: &Gem<GuestObject>,
        params: &ObjectParams,
        fence: Option<FenceAlloc>,
    ) -> Result {
        let sgt = bo.dmap.lock_table(&bo.backing)?;
        let entries = self.device.mem_entries(&sgt)?;
        drop(sgt);
        bo.host
            .create(&bo.clone().into_dyn(), params, entries, fence)
    }
}

impl Memory for Objects {
    /// From here on the pages stay, and so does their table: the host has the list.
    fn object_create(
        &self,
        dev: &Device,
        params: &ObjectParams,
        fence: Option<FenceAlloc>,
    ) -> Result<Gem> {
        let params = ObjectParams {
            size: round_up(params.size),
            ..*params
        };
        let bo = gem_uma::create(dev, params.size, |new| {
            let host = self.host_of(&new, params.dumb)?;
            GuestObject::new(new, host)
        })?;
        self.shmem_init(&bo, &params, fence)?;
        Ok(bo.into_dyn())
    }

    fn vram_create(&self, dev: &Device, params: &ObjectParams) -> Result<Gem> {
        let params = ObjectParams {
            size: round_up(params.size),
            ..*params
        };
        self.vram_create_of(dev, &params)
    }

    fn resource(&self, object: &Gem) -> Result<Arc<Resource>> {
        Ok(Arc::clone(Kind::of(object)?.host()))
    }

    /// Only the guest's memory has a table, which stays as long as the object. The reservation may be held by the caller.
    fn sync_for_device(&self, object: &Gem) -> Option<Vec<Entry>> {
        let Kind::Guest(bo) = Kind::of(object).ok()? else {
            return None;
        };
        let runs = bo.dmap.peek()?.entries().to_vec();
        self.device.dma().sync(runs.iter().map(|run| run.len).sum());
        Some(runs)
    }

    fn map_dma_buf(
        &self,
        object: &Gem,
        attach: &Attachment,
        guard: &mut ResvGuard,
    ) -> Result<Arc<SgTable>> {
        if let Kind::Vram(bo) = Kind::of(object)? {
            return bo.vram.map_dma_buf(attach);
        }
        let table = object.get_sg_table(guard)?;
        table.map(attach.device())?;
        Ok(Arc::new(table))
    }

    /// The kernel's mapping pins the pages; without one they are lent by the lock, if nobody holds it
    /// (`virtio_drm_get_scanout_buffer`, after 6.12).
    fn panic_buffer(&self, object: &Gem) -> Result<PanicBuffer> {
        let Kind::Guest(bo) = Kind::of(object)? else {
            return Err(Errno::ENODEV);
        };
        if let Some(vaddr) = bo.cmap.kernel_map() {
            return Ok(PanicBuffer::Mapped(vaddr));
        }
        let guard = bo.gem.resv().try_lock().ok_or(Errno::ENODEV)?;
        let pages = bo.backing.pages(&guard).ok_or(Errno::ENODEV)?;
        Ok(PanicBuffer::Pages(pages.iter().collect()))
    }

    fn gem_prime_import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem> {
        self.prime_import(dev, dma_buf)
    }

    fn has_import_sg_table(&self) -> bool {
        true
    }

    /// `virtgpu_gem_prime_import_sg_table`: the buffer is attached and mapped by then.
    fn gem_prime_import_sg_table(
        &self,
        _dev: &Device,
        _attach: &Arc<Attachment>,
        _table: Arc<SgTable>,
    ) -> Result<Gem> {
        Err(Errno::ENODEV)
    }
}

/// Whole pages; a size that does not fit becomes 0.
fn round_up(size: u64) -> u64 {
    size.checked_add(drm_core::PAGE_SIZE - 1)
        .map_or(0, |_| page_align(size))
}

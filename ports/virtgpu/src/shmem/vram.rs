//! Objects of the host's memory, seen through a window (`virtgpu_vram.c`).

use drm_core::PAGE_SHIFT;
use drm_core::device::Device;
use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::gem::{Gem, Gone};
use drm_core::machine::Deadline;
use drm_core::mm::Node;
use drm_core::mmap::{NewVma, VmFlags};
use drm_core::prime::Attachment;
use drm_core::sync::Arc;
use gem_shmem::legacy;

use super::Objects;
use super::object::{Funcs, VirtioGpuObject, to_virtio_gpu_object};
use crate::host::command::MAP_CACHE_WC;
use crate::prime::is_virtio_device;
use crate::resource::{HostState, ObjectParams, Resource};
use crate::uapi::BLOB_FLAG_USE_MAPPABLE;

/// What an object of the host's memory has beside what every object has.
#[derive(Default)]
pub(super) struct Vram {
    /// How it is cached, once the host has said so (`map_state`, `map_info`).
    map: HostState<u32>,
    /// Its part of the window.
    pub(super) node: Option<Node>,
}

impl Objects {
    /// `virtio_gpu_vram_create`: the base class is never initialised, only the GEM object in it.
    pub(super) fn vram_create_of(&self, dev: &Device, params: &ObjectParams) -> Result<Gem> {
        let bo = legacy::create_private::<VirtioGpuObject>(dev, params.size)?;
        bo.funcs.get_or_init(|| Funcs::Vram);
        let host = bo
            .host
            .get_or_init(|| Resource::new(&self.device, params.dumb));
        host.create_blob(params, Vec::new());
        if params.blob_flags & BLOB_FLAG_USE_MAPPABLE != 0 {
            bo.vram_map()?;
        }
        Ok(bo.into_dyn())
    }
}

impl VirtioGpuObject {
    /// Takes a part of the window, and asks the host to put the memory there (`virtio_gpu_vram_map`). `EINVAL` without a window,
    /// `ENOSPC` in a full one.
    fn vram_map(&self) -> Result {
        let host = self.host()?;
        let window = host.vgdev().window().ok_or(Errno::EINVAL)?;
        let node = window.insert(self.base.base.size())?;
        let offset = window.offset_of(&node);
        self.vram.lock().node = Some(node);
        let object = self.base.base.get().ok_or(Errno::EINVAL)?;
        let answered = object.clone();
        host.map_blob(&object, offset, move |info| {
            if let Ok(bo) = to_virtio_gpu_object(&answered) {
                bo.vram.lock().map = info.map_or(HostState::Err, HostState::Ok);
            }
        });
        Ok(())
    }

    /// `virtio_gpu_vram_free`: the host is told twice, and its second answer destroys the object. One that the host was not told of is
    /// not freed at all.
    pub(super) fn vram_free(&self, gone: &Gone) {
        if !self.host().is_ok_and(|host| host.created()) {
            // Nobody finishes it.
            drop(gone.defer(&self.base.base));
            return;
        }
        if let (Some(_), Ok(host)) = (&self.vram.lock().node, self.host()) {
            host.unmap_blob();
        }
        self.free_object(gone);
    }

    /// Gives the part of the window back.
    pub(super) fn remove_node(&self) {
        if let (Some(node), Ok(host)) = (self.vram.lock().node.take(), self.host())
            && let Some(window) = host.vgdev().window()
        {
            window.remove(node);
        }
    }

    /// First byte and length of its part of the window.
    pub(crate) fn vram_range(&self) -> Option<(u64, u64)> {
        let vram = self.vram.lock();
        vram.node.as_ref().map(|node| (node.start(), node.size()))
    }

    /// `virtio_gpu_vram_mmap`: waits for the host, whatever happens. `EINVAL` for memory that cannot be mapped, after an error of the host,
    /// for a part of it.
    pub(super) fn vram_mmap(&self, vma: &mut NewVma) -> Result {
        let host = self.host()?;
        if host.blob_flags() & BLOB_FLAG_USE_MAPPABLE == 0 {
            return Err(Errno::EINVAL);
        }
        let known = || self.vram.lock().map != HostState::Initializing;
        host.vgdev().machine().wait_until(Deadline::Never, known)?;
        let HostState::Ok(info) = self.vram.lock().map else {
            return Err(Errno::EINVAL);
        };
        vma.set_flags(VmFlags::IO | VmFlags::DONTEXPAND);
        if info == MAP_CACHE_WC {
            vma.set_flags(VmFlags::WRITE_COMBINE);
        }
        let (start, size) = self.vram_range().ok_or(Errno::EINVAL)?;
        if vma.pages() << PAGE_SHIFT != size {
            return Err(Errno::EINVAL);
        }
        for index in 0..vma.pages() {
            vma.map_page(index, start + (index << PAGE_SHIFT));
        }
        Ok(())
    }

    /// `virtio_gpu_vram_map_dma_buf`: the window as one run; of memory that is not in it, an empty table for a virtio device, which knows
    /// the UUID. `EIO` for any other.
    pub(super) fn vram_map_dma_buf(&self, attach: &Attachment) -> Result<Arc<SgTable>> {
        let host = self.host()?;
        let machine = self.base.base.machine();
        if host.blob_flags() & BLOB_FLAG_USE_MAPPABLE == 0 {
            if !is_virtio_device(attach) || !host.vgdev().params().uuid {
                return Err(Errno::EIO);
            }
            let empty = SgTable::from_addrs(machine, std::iter::empty(), u64::MAX)?;
            return Ok(Arc::new(empty));
        }
        let (start, size) = self.vram_range().ok_or(Errno::EIO)?;
        let pages = (0..size >> PAGE_SHIFT).map(|index| start + (index << PAGE_SHIFT));
        let table = SgTable::from_addrs(machine, pages, u64::MAX)?;
        table.map(attach.device())?;
        Ok(Arc::new(table))
    }
}

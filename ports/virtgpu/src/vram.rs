//! Memory of the host, and the part of the window through which it is seen (`virtgpu_vram.c`). No memory library has to do with it.

use drm_core::PAGE_SHIFT;
use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::gem::Header;
use drm_core::machine::Deadline;
use drm_core::mm::Node;
use drm_core::mmap::{NewVma, VmFlags};
use drm_core::prime::Attachment;
use drm_core::sync::{Arc, Mutex};

use crate::device::VirtgpuDevice;
use crate::host::command::MAP_CACHE_WC;
use crate::prime::is_virtio_device;
use crate::resource::{HostState, ObjectParams, Resource};
use crate::uapi::BLOB_FLAG_USE_MAPPABLE;

/// A part of the window. It is given back when this is dropped.
pub(crate) struct Slice {
    vgdev: Arc<VirtgpuDevice>,
    node: Option<Node>,
}

impl Slice {
    /// `EINVAL` without a window, `ENOSPC` in a full one.
    fn new(vgdev: &Arc<VirtgpuDevice>, size: u64) -> Result<Self> {
        let window = vgdev.window().ok_or(Errno::EINVAL)?;
        Ok(Self {
            node: Some(window.insert(size)?),
            vgdev: Arc::clone(vgdev),
        })
    }

    /// First byte and length.
    fn range(&self) -> Option<(u64, u64)> {
        self.node.as_ref().map(|node| (node.start(), node.size()))
    }

    /// In bytes from the start of the window.
    fn offset(&self) -> u64 {
        let window = self.vgdev.window().zip(self.node.as_ref());
        window.map_or(0, |(window, node)| window.offset_of(node))
    }
}

impl Drop for Slice {
    fn drop(&mut self) {
        if let (Some(node), Some(window)) = (self.node.take(), self.vgdev.window()) {
            window.remove(node);
        }
    }
}

/// Memory of the host that the host was told to make (`struct virtio_gpu_object_vram`, less the object).
pub(crate) struct Vram {
    host: Arc<Resource>,
    slice: Mutex<Option<Slice>>,
    /// How it is cached, once the host has said so (`map_state`, `map_info`).
    map: Arc<Mutex<HostState<u32>>>,
}

impl Vram {
    /// The host is told.
    pub(crate) fn new(host: &Arc<Resource>, params: &ObjectParams) -> Self {
        host.create_blob(params, Vec::new());
        Self {
            host: Arc::clone(host),
            slice: Mutex::default(),
            map: Arc::default(),
        }
    }

    pub(crate) fn host(&self) -> &Arc<Resource> {
        &self.host
    }

    /// Takes a part of the window, and asks the host to put the memory there (`virtio_gpu_vram_map`). `EINVAL` without a window,
    /// `ENOSPC` in a full one.
    pub(crate) fn map(&self, gem: &Header) -> Result {
        let slice = Slice::new(self.host.vgdev(), gem.size())?;
        let object = gem.get().ok_or(Errno::EINVAL)?;
        let map = Arc::clone(&self.map);
        self.host.map_blob(&object, slice.offset(), move |info| {
            *map.lock() = info.map_or(HostState::Err, HostState::Ok);
        });
        *self.slice.lock() = Some(slice);
        Ok(())
    }

    /// Tells the host to take the memory out of the window, if it is there; the host may use it until it has answered.
    pub(crate) fn unmap(&self) {
        if self.slice.lock().is_some() {
            self.host.unmap_blob();
        }
    }

    /// The part of the window, to be given back.
    pub(crate) fn take_slice(&self) -> Option<Slice> {
        self.slice.lock().take()
    }

    /// First byte and length of the part of the window.
    fn range(&self) -> Option<(u64, u64)> {
        self.slice.lock().as_ref().and_then(Slice::range)
    }

    /// `virtio_gpu_vram_mmap`: waits for the host, whatever happens. `EINVAL` for memory that cannot be mapped, after an error of the host,
    /// for a part of it.
    pub(crate) fn mmap(&self, vma: &mut NewVma) -> Result {
        if self.host.blob_flags() & BLOB_FLAG_USE_MAPPABLE == 0 {
            return Err(Errno::EINVAL);
        }
        let known = || *self.map.lock() != HostState::Initializing;
        let machine = self.host.vgdev().machine();
        machine.wait_until(Deadline::Never, known)?;
        let HostState::Ok(info) = *self.map.lock() else {
            return Err(Errno::EINVAL);
        };
        vma.set_flags(VmFlags::IO | VmFlags::DONTEXPAND);
        if info == MAP_CACHE_WC {
            vma.set_flags(VmFlags::WRITE_COMBINE);
        }
        let (start, size) = self.range().ok_or(Errno::EINVAL)?;
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
    pub(crate) fn map_dma_buf(&self, attach: &Attachment) -> Result<Arc<SgTable>> {
        let vgdev = self.host.vgdev();
        if self.host.blob_flags() & BLOB_FLAG_USE_MAPPABLE == 0 {
            if !is_virtio_device(attach) || !vgdev.params().uuid {
                return Err(Errno::EIO);
            }
            let empty = SgTable::from_addrs(vgdev.machine(), std::iter::empty(), u64::MAX)?;
            return Ok(Arc::new(empty));
        }
        let (start, size) = self.range().ok_or(Errno::EIO)?;
        let pages = (0..size >> PAGE_SHIFT).map(|index| start + (index << PAGE_SHIFT));
        let table = SgTable::from_addrs(vgdev.machine(), pages, u64::MAX)?;
        table.map(attach.device())?;
        Ok(Arc::new(table))
    }
}

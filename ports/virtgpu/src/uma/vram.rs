//! Objects of the host's memory, seen through a window (`virtgpu_vram.c`).

use drm_core::PAGE_SHIFT;
use drm_core::device::{Device, File};
use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::gem::{Gem, Gone, Header};
use drm_core::machine::{Deadline, Machine};
use drm_core::mm::Node;
use drm_core::mmap::{NewVma, VmFlags};
use drm_core::prime::{Attachment, DmaBuf};
use drm_core::resv::ResvGuard;
use drm_core::sync::{Arc, Mutex};
use gem_uma::{New, Part, UmaObject};

use super::Objects;
use crate::device::VirtgpuDevice;
use crate::host::command::MAP_CACHE_WC;
use crate::prime::{self, is_virtio_device};
use crate::resource::{HostState, ObjectParams, Resource};
use crate::uapi::BLOB_FLAG_USE_MAPPABLE;

/// `struct virtio_gpu_object_vram`: the GEM object and the host's memory, and nothing that it has no use for.
#[derive(UmaObject)]
#[uma(open = Self::open_own, close = Self::close_own, export = Self::export_own, mmap = Self::mmap_own, pin = Self::pin_own)]
pub(crate) struct VramObject {
    #[uma(gem)]
    pub(crate) gem: Header,
    #[uma(part)]
    pub(super) memory: HostMemory,
}

/// A part of the window, given back when it is dropped: by the object, or by the host's answer, or by a queue that goes.
struct Slice {
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

/// The host's memory, and where it is seen: a part of the driver's own.
///
/// # Invariants
///
/// The host was told of the memory when this was made, and is told that it is not needed exactly once. The part of the window is kept
/// until the host has answered that.
pub(super) struct HostMemory {
    machine: Machine,
    host: Arc<Resource>,
    slice: Mutex<Option<Slice>>,
    /// How it is cached, once the host has said so (`map_state`, `map_info`).
    map: Arc<Mutex<HostState<u32>>>,
}

impl HostMemory {
    fn new(new: &New, host: &Arc<Resource>, params: &ObjectParams) -> Self {
        host.create_blob(params, Vec::new());
        Self {
            machine: new.machine().clone(),
            host: Arc::clone(host),
            slice: Mutex::default(),
            map: Arc::default(),
        }
    }

    pub(super) fn host(&self) -> &Arc<Resource> {
        &self.host
    }

    /// Takes a part of the window, and asks the host to put the memory there (`virtio_gpu_vram_map`). `EINVAL` without a window,
    /// `ENOSPC` in a full one.
    fn map(&self, gem: &Header) -> Result {
        let slice = Slice::new(self.host.vgdev(), gem.size())?;
        let object = gem.get().ok_or(Errno::EINVAL)?;
        let map = Arc::clone(&self.map);
        self.host.map_blob(&object, slice.offset(), move |info| {
            *map.lock() = info.map_or(HostState::Err, HostState::Ok);
        });
        *self.slice.lock() = Some(slice);
        Ok(())
    }

    /// First byte and length of its part of the window.
    fn range(&self) -> Option<(u64, u64)> {
        self.slice.lock().as_ref().and_then(Slice::range)
    }

    /// `virtio_gpu_vram_mmap`: waits for the host, whatever happens. `EINVAL` for memory that cannot be mapped, after an error of the host,
    /// for a part of it.
    fn mmap(&self, vma: &mut NewVma) -> Result {
        if self.host.blob_flags() & BLOB_FLAG_USE_MAPPABLE == 0 {
            return Err(Errno::EINVAL);
        }
        let known = || *self.map.lock() != HostState::Initializing;
        self.machine.wait_until(Deadline::Never, known)?;
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
    pub(super) fn map_dma_buf(&self, attach: &Attachment) -> Result<Arc<SgTable>> {
        if self.host.blob_flags() & BLOB_FLAG_USE_MAPPABLE == 0 {
            if !is_virtio_device(attach) || !self.host.vgdev().params().uuid {
                return Err(Errno::EIO);
            }
            let empty = SgTable::from_addrs(&self.machine, std::iter::empty(), u64::MAX)?;
            return Ok(Arc::new(empty));
        }
        let (start, size) = self.range().ok_or(Errno::EIO)?;
        let pages = (0..size >> PAGE_SHIFT).map(|index| start + (index << PAGE_SHIFT));
        let table = SgTable::from_addrs(&self.machine, pages, u64::MAX)?;
        table.map(attach.device())?;
        Ok(Arc::new(table))
    }
}

impl Part for HostMemory {
    /// `virtio_gpu_vram_free`.
    fn teardown(&self, _gone: &Gone) {
        let slice = self.slice.lock().take();
        if slice.is_some() {
            self.host.unmap_blob();
        }
        let host = Arc::clone(&self.host);
        self.host.unref(move || {
            host.put_id();
            drop(slice);
        });
    }
}

impl Objects {
    /// `virtio_gpu_vram_create`.
    pub(super) fn vram_create_of(&self, dev: &Device, params: &ObjectParams) -> Result<Gem> {
        if params.size == 0 {
            return Err(Errno::ENOSPC);
        }
        let host = Resource::new(&self.device, params.dumb);
        let bo = New::private(dev, params.size).create(|new| {
            Ok(VramObject {
                memory: HostMemory::new(&new, &host, params),
                gem: new.into_gem(),
            })
        })?;
        if params.blob_flags & BLOB_FLAG_USE_MAPPABLE != 0 {
            bo.memory.map(&bo.gem)?;
        }
        Ok(bo.into_dyn())
    }
}

impl VramObject {
    /// `virtio_gpu_gem_object_open`.
    fn open_own(&self, file: &File) -> Result {
        self.memory.host.attach_to(&self.gem, file);
        Ok(())
    }

    /// `virtio_gpu_gem_object_close`.
    fn close_own(&self, file: &File) {
        self.memory.host.detach_from(&self.gem, file);
    }

    /// `virtgpu_gem_prime_export`.
    fn export_own(&self, writable: bool) -> Result<DmaBuf> {
        prime::export(&self.gem, &self.memory.host, writable)
    }

    /// Memory of the host does not move.
    fn pin_own(&self, _guard: &mut ResvGuard) -> Result {
        Ok(())
    }

    fn mmap_own(&self, vma: &mut NewVma) -> Result {
        self.memory.mmap(vma)
    }
}

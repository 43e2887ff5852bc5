//! Two object types, each with a name of its own for the base class.

use std::fmt;

use drm_core::device::{Device, File};
use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::gem::{Fault, FaultContext, Gem, Gone, Header, IosysMap, Object as GemObject, Status};
use drm_core::mmap::{NewVma, Vma};
use drm_core::resv::ResvGuard;
use shm::legacy::{self as helper, CreateObject as Hook, Object as Super};

/// What user space draws into.
#[derive(Debug)]
pub struct Buffer {
    /// The base class, under another name.
    pub shmem: Super,
    /// A field of the driver that is called like a part.
    pub share: u32,
}

/// What the device reads commands from.
#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) inner: helper::Object,
}

impl helper::Subclass for Buffer {
    fn base(&self) -> &Super {
        &self.shmem
    }
}

impl helper::Subclass for Queue {
    fn base(&self) -> &Super { &self.inner }
}

impl Hook for Buffer {
    fn gem_create_object(dev: &Device, base: Super) -> Result<Self> {
        if base.base.size() == 0 {
            return Err(Errno::EINVAL);
        }
        base.map_wc.set(dev.dma().config().coherent);
        base.pages_mark_dirty_on_put.set(true);
        Ok(Self { shmem: base, share: 7 })
    }
}

impl Hook for Queue {
    fn gem_create_object(_dev: &Device, inner: Super) -> Result<Self> {
        Ok(Queue { inner })
    }
}

impl GemObject for Buffer {
    fn gem(&self) -> &Header {
        &self.shmem.base
    }

    fn free(&self, gone: &Gone) {
        // Said once, when it goes.
        self.shmem.base.machine().warn("odd: a buffer goes");
        self.shmem.free(gone);
    }

    fn open(&self, _file: &File) -> Result {
        let table = self.shmem.get_pages_sgt()?;
        if table.is_empty() { Err(Errno::EINVAL) } else { Ok(()) }
    }

    fn print_info(&self, out: &mut dyn fmt::Write, indent: usize) -> fmt::Result {
        helper::object_print_info(&self.shmem, out, indent)
    }

    fn pin(&self, guard: &mut ResvGuard) -> Result {
        if self.share == 0 { return Err(Errno::EBUSY); } // odd formatting, and a comment
        helper::object_pin(&self.shmem, guard)
    }

    fn unpin(&self, guard: &mut ResvGuard) {
        helper::object_unpin(&self.shmem, guard);
    }

    fn get_sg_table(&self, guard: &mut ResvGuard) -> Result<SgTable> {
        helper::object_get_sg_table(&self.shmem, guard)
    }

    fn vmap(&self, guard: &mut ResvGuard) -> Result<IosysMap> {
        helper::object_vmap(&self.shmem, guard)
    }

    fn vunmap(&self, guard: &mut ResvGuard, _map: &IosysMap) {
        helper::object_vunmap(&self.shmem, guard);
    }

    fn mmap(&self, vma: &mut NewVma) -> Result {
        helper::object_mmap(&self.shmem, vma)
    }

    fn vm_open(&self, vma: &Vma) {
        helper::vm_open(&self.shmem, vma);
    }

    fn vm_close(&self, vma: &Vma) {
        helper::vm_close(&self.shmem, vma);
    }

    fn fault(&self, vma: &Vma, fault: FaultContext) -> Fault {
        helper::fault(&self.shmem, vma, fault)
    }

    fn status(&self) -> Option<Status> {
        Some(if self.shmem.racy().pages.is_some() { Status::RESIDENT } else { Status::empty() })
    }
}

impl GemObject for Queue {
    fn gem(&self) -> &Header {
        &self.inner.base
    }

    fn free(&self, gone: &Gone) {
        helper::object_free(&self.inner, gone);
    }

    fn vmap(&self, guard: &mut ResvGuard) -> Result<IosysMap> {
        helper::object_vmap(&self.inner, guard)
    }

    fn vunmap(&self, guard: &mut ResvGuard, _map: &IosysMap) {
        helper::object_vunmap(&self.inner, guard);
    }
}

/// One of each.
pub fn make(dev: &Device, size: u64) -> Result<Gem<Buffer>> {
    let queue = helper::create::<Queue>(dev, 4096)?;
    let buffer = helper::create::<Buffer>(dev, size)?;
    if crate::stubborn::sizes(&buffer, &queue) == 0 {
        return Err(Errno::EINVAL);
    }
    Ok(buffer)
}

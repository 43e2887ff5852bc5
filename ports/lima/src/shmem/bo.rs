//! The object: creation, release, and its function table (`lima_gem.c`).

use std::fmt;

use drm_core::device::{Device, File};
use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::gem::{self, Fault, FaultContext, Gem, Gone, Header, IosysMap};
use drm_core::machine::Event;
use drm_core::memory::Gfp;
use drm_core::mmap::{NewVma, Vma};
use drm_core::resv::ResvGuard;
use drm_core::sync::Mutex;
use drm_core::sync::atomic::{AtomicU64, Ordering};
use gem_shmem::legacy;

use super::heap;
use super::mapping::Record;
use crate::file::FilePrivate;
use crate::side::Bo;

/// `struct lima_bo`
#[derive(Debug)]
pub struct LimaBo {
    /// The base class.
    pub base: legacy::Object,
    /// One record for each address space that maps the object.
    pub(super) records: Mutex<Vec<Record>>,
    /// Bytes that are backed of a heap; 0 for what is none.
    pub(super) heap_size: AtomicU64,
}

impl LimaBo {
    pub(super) fn heap(&self) -> u64 {
        self.heap_size.load(Ordering::SeqCst)
    }
}

impl legacy::Subclass for LimaBo {
    fn base(&self) -> &legacy::Object {
        &self.base
    }
}

impl legacy::CreateObject for LimaBo {
    /// `lima_gem_create_object`
    fn gem_create_object(_dev: &Device, base: legacy::Object) -> Result<Self> {
        base.map_wc.set(true);
        Ok(Self {
            base,
            records: Mutex::default(),
            heap_size: AtomicU64::new(0),
        })
    }
}

impl gem::Object for LimaBo {
    fn gem(&self) -> &Header {
        &self.base.base
    }

    /// `lima_gem_free_object`
    fn free(&self, gone: &Gone) {
        if !self.records.lock().is_empty() {
            let trace = self.base.base.machine().trace();
            trace.record(Event::Log("lima gem free bo still has va".to_owned()));
        }
        self.base.free(gone);
    }

    /// `lima_gem_object_open`
    fn open(&self, file: &File) -> Result {
        let private = FilePrivate::of(file)?;
        self.add_to(private.vm(), true)
    }

    /// `lima_gem_object_close`
    fn close(&self, file: &File) {
        if let Ok(private) = FilePrivate::of(file) {
            self.remove_from(private.vm());
        }
    }

    fn print_info(&self, out: &mut dyn fmt::Write, indent: usize) -> fmt::Result {
        legacy::object_print_info(&self.base, out, indent)
    }

    /// `lima_gem_pin`: a heap has holes.
    fn pin(&self, guard: &mut ResvGuard) -> Result {
        if self.heap() != 0 {
            return Err(Errno::EINVAL);
        }
        self.base.pin_locked(guard)
    }

    fn unpin(&self, guard: &mut ResvGuard) {
        legacy::object_unpin(&self.base, guard);
    }

    fn get_sg_table(&self, guard: &mut ResvGuard) -> Result<SgTable> {
        legacy::object_get_sg_table(&self.base, guard)
    }

    /// `lima_gem_vmap`
    fn vmap(&self, guard: &mut ResvGuard) -> Result<IosysMap> {
        if self.heap() != 0 {
            return Err(Errno::EINVAL);
        }
        self.base.vmap(guard)
    }

    fn vunmap(&self, guard: &mut ResvGuard, _map: &IosysMap) {
        legacy::object_vunmap(&self.base, guard);
    }

    /// `lima_gem_mmap`
    fn mmap(&self, vma: &mut NewVma) -> Result {
        if self.heap() != 0 {
            return Err(Errno::EINVAL);
        }
        self.base.mmap(vma)
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

/// `lima_gem_create_handle`, up to the handle. The GPU reaches 32 bits: the file is told to allocate below 4 GiB, behind the
/// helper's back.
pub(super) fn create(dev: &Device, size: u64, heap: bool) -> Result<Gem<LimaBo>> {
    let bo = legacy::create::<LimaBo>(dev, size)?;
    if let Some(file) = bo.base.base.filp() {
        file.set_gfp(file.gfp() | Gfp::DMA32);
    }
    if heap {
        heap::grow(&bo, None)?;
    } else {
        bo.base.get_pages_sgt()?;
    }
    Ok(bo)
}

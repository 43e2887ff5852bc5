//! The object (`panfrost_gem.c`).

use std::fmt;

use drm_core::PAGE_SHIFT;
use drm_core::device::{Device, File};
use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::gem::{self, Fault, FaultContext, Gem, Gone, Header, IosysMap, Status};
use drm_core::mmap::{NewVma, Vma};
use drm_core::resv::{LockedBy, ResvGuard};
use drm_core::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};
use drm_core::sync::{Arc, Mutex};
use gem_shmem::legacy;
use port_kit::mmu::pgsize::SZ_2M;

use super::mapping::Mapping;
use super::{mmu, to_panfrost};
use crate::drv::FilePriv;
use crate::uapi::{BO_HEAP, BO_NOEXEC, MADV_DONTNEED, MADV_WILLNEED};

/// `struct panfrost_gem_object`.
pub(crate) struct PanfrostObject {
    pub(crate) base: legacy::Object,
    /// A DMA-mapped table for each 2 MiB of a heap; `None` before the first fault.
    pub(crate) sgts: LockedBy<Option<Vec<Option<SgTable>>>>,
    /// One mapping for each file that has a handle, in the order of opening (`mappings.list` under `mappings.lock`).
    pub(crate) mappings: Mutex<Vec<Arc<Mapping>>>,
    /// Jobs that use it: the shrinker leaves it alone meanwhile.
    pub(crate) gpu_usecount: AtomicI32,
    /// Bytes of a heap that faults brought in.
    pub(crate) heap_rss_size: AtomicU64,
    noexec: AtomicBool,
    is_heap: AtomicBool,
}

impl PanfrostObject {
    /// Whether the GPU may not fetch instructions from it.
    pub(crate) fn noexec(&self) -> bool {
        self.noexec.load(Ordering::Relaxed)
    }

    /// Keeps the GPU from fetching instructions from it, before it is mapped anywhere.
    pub(super) fn set_noexec(&self) {
        self.noexec.store(true, Ordering::Relaxed);
    }

    /// Whether its pages come with GPU faults.
    pub(crate) fn is_heap(&self) -> bool {
        self.is_heap.load(Ordering::Relaxed)
    }

    /// The mapping of a file, referenced (`panfrost_gem_mapping_get`).
    pub(super) fn mapping_get(&self, file: &File) -> Option<Arc<Mapping>> {
        let vm = FilePriv::of(file).ok()?.vm()?;
        let mappings = self.mappings.lock();
        mappings
            .iter()
            .find(|mapping| Arc::ptr_eq(&mapping.vm, &vm))
            .cloned()
    }

    /// Takes every mapping out of its page table, and gives its VA back; the mappings themselves stay listed
    /// (`panfrost_gem_teardown_mappings_locked`).
    pub(super) fn teardown_mappings_locked(mappings: &[Arc<Mapping>]) {
        for mapping in mappings {
            mapping.teardown();
        }
    }
}

/// A reference to the object as one of this driver (`to_panfrost_bo`).
pub(crate) fn to_panfrost_bo(object: &Gem) -> Result<Gem<PanfrostObject>> {
    object.downcast().ok_or(Errno::EINVAL)
}

impl legacy::Subclass for PanfrostObject {
    fn base(&self) -> &legacy::Object {
        &self.base
    }
}

/// `panfrost_gem_create_object`.
impl legacy::CreateObject for PanfrostObject {
    fn gem_create_object(dev: &Device, base: legacy::Object) -> Result<Self> {
        let driver = to_panfrost(dev);
        base.map_wc.set(!driver.pfdev().coherent());
        let sgts = LockedBy::new(base.base.resv_slot(), None);
        Ok(Self {
            base,
            sgts,
            mappings: Mutex::default(),
            gpu_usecount: AtomicI32::new(0),
            heap_rss_size: AtomicU64::new(0),
            noexec: AtomicBool::new(false),
            is_heap: AtomicBool::new(false),
        })
    }
}

/// `panfrost_gem_funcs`.
impl gem::Object for PanfrostObject {
    fn gem(&self) -> &Header {
        &self.base.base
    }

    /// `panfrost_gem_free_object`.
    fn free(&self, gone: &Gone) {
        // Off the list before anything goes, or the shrinker would find a dying object there.
        let driver = to_panfrost(self.base.base.dev());
        driver.memory().shrinker_list.lock().del(&self.base);

        if !self.mappings.lock().is_empty() {
            self.base.base.machine().warn_once("panfrost_gem.c:36");
        }
        if let Some(sgts) = self.sgts.get_gone(gone).take() {
            for sgt in sgts.iter().flatten() {
                sgt.unmap();
            }
        }
        self.base.free(gone);
    }

    /// `panfrost_gem_open`.
    fn open(&self, file: &File) -> Result {
        let object = self.base.base.get().ok_or(Errno::ENOENT)?;
        let vm = FilePriv::of(file)?.vm().ok_or(Errno::ENODEV)?;
        let mapping = Mapping::new(to_panfrost_bo(&object)?, vm);
        let color = if self.noexec() {
            u64::from(BO_NOEXEC)
        } else {
            0
        };
        let pages = self.base.base.pages();
        // The program counter of a shader has 24 bits: code must not cross 16 MiB, and does not if aligned to its size.
        let align = if !self.noexec() {
            pages
        } else if self.base.base.size() >= SZ_2M {
            SZ_2M >> PAGE_SHIFT
        } else {
            0
        };
        mapping.insert(pages, align, color)?;
        if !self.is_heap() {
            mmu::map(&mapping)?;
        }
        let mut mappings = self.mappings.lock();
        if self.base.racy().madv != MADV_WILLNEED as i32 {
            self.base.base.machine().warn("panfrost_gem.c:159");
        }
        mappings.push(mapping);
        Ok(())
    }

    /// `panfrost_gem_close`.
    fn close(&self, file: &File) {
        let Some(vm) = FilePriv::of(file).ok().and_then(FilePriv::vm) else {
            return;
        };
        let mapping = {
            let mut mappings = self.mappings.lock();
            let at = mappings
                .iter()
                .position(|mapping| Arc::ptr_eq(&mapping.vm, &vm));
            at.map(|at| mappings.remove(at))
        };
        drop(mapping);
    }

    fn print_info(&self, out: &mut dyn fmt::Write, indent: usize) -> fmt::Result {
        legacy::object_print_info(&self.base, out, indent)
    }

    /// `panfrost_gem_pin`.
    fn pin(&self, guard: &mut ResvGuard) -> Result {
        if self.is_heap() {
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

    /// `panfrost_gem_status`.
    fn status(&self) -> Option<Status> {
        let mut status = Status::empty();
        if self.base.base.is_imported() || self.base.racy().pages.is_some() {
            status |= Status::RESIDENT;
        }
        if self.base.racy().madv == MADV_DONTNEED as i32 {
            status |= Status::PURGEABLE;
        }
        Some(status)
    }

    /// `panfrost_gem_rss`.
    fn rss(&self) -> Option<u64> {
        if self.is_heap() {
            return Some(self.heap_rss_size.load(Ordering::Relaxed));
        }
        if self.base.racy().pages.is_some() {
            if self.heap_rss_size.load(Ordering::Relaxed) != 0 {
                self.base.base.machine().warn("panfrost_gem.c:219");
            }
            return Some(self.base.base.size());
        }
        Some(0)
    }
}

/// `panfrost_gem_create`. Errors of the base class.
pub(super) fn create(dev: &Device, size: u32, flags: u32) -> Result<Gem<PanfrostObject>> {
    let mut size = u64::from(size);
    // Whole chunks, so that a fault need not look at the end.
    if flags & BO_HEAP != 0 {
        size = size.next_multiple_of(SZ_2M);
    }
    let bo = legacy::create::<PanfrostObject>(dev, size)?;
    bo.noexec.store(flags & BO_NOEXEC != 0, Ordering::Relaxed);
    bo.is_heap.store(flags & BO_HEAP != 0, Ordering::Relaxed);
    Ok(bo)
}

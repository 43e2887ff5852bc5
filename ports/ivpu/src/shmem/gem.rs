//! The object (`ivpu_gem.c`): its place in a context, binding, unbinding.

use std::fmt;
use std::ops::Range;

use drm_core::device::{Device, File};
use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::gem::{self, Fault, FaultContext, Gem, Gone, Header, IosysMap};
use drm_core::mm::Node;
use drm_core::mmap::{NewVma, Vma};
use drm_core::prime::Direction;
use drm_core::resv::{ResvGuard, Usage};
use drm_core::sync::atomic::{AtomicU32, Ordering};
use drm_core::sync::{Arc, Mutex, OnceLock};
use gem_shmem::legacy;

use super::BoList;
use crate::context::Context;
use crate::file::Private;
use crate::memory::Listed;
use crate::uapi::{BO_CACHE_MASK, BO_CACHED, BO_DMA_MEM, BO_SHAVE_MEM};

/// Where a BO is in a context. `ctx` is the context as long as it has addresses there; the other fields keep what they were.
#[derive(Default)]
pub(super) struct Place {
    pub(super) ctx: Option<Arc<Context>>,
    node: Option<Node>,
    pub(super) vpu_addr: u64,
    pub(super) mmu_mapped: bool,
}

/// `struct ivpu_bo`.
pub(crate) struct IvpuBo {
    pub(crate) base: legacy::Object,
    pub(super) list: OnceLock<Arc<BoList>>,
    pub(super) flags: AtomicU32,
    pub(super) job_status: AtomicU32,
    place: Mutex<Place>,
}

impl IvpuBo {
    pub(crate) fn flags(&self) -> u32 {
        self.flags.load(Ordering::SeqCst)
    }

    /// Where the NPU sees it, or did.
    pub(crate) fn vpu_addr(&self) -> u64 {
        self.place.lock().vpu_addr
    }

    /// Its context, while it has one, and whether it is mapped there.
    pub(crate) fn place(&self) -> (Option<Arc<Context>>, bool) {
        let place = self.place.lock();
        (place.ctx.clone(), place.mmu_mapped)
    }

    /// What debugfs says of it (`ivpu_bo_print_info`).
    pub(super) fn listed(&self) -> Listed {
        let mut guard = self.base.base.resv().lock();
        let has_pages = self.base.locked(&mut guard).pages.is_some();
        let (ctx, mmu_mapped) = self.place();
        Listed {
            ssid: ctx.map(|ctx| ctx.ssid()),
            vpu_addr: self.vpu_addr(),
            size: self.base.base.size(),
            flags: self.flags(),
            has_pages,
            mmu_mapped,
            imported: self.base.base.is_imported(),
        }
    }

    /// Takes addresses in a context (`ivpu_bo_alloc_vpu_addr`). `ENOSPC`.
    pub(super) fn alloc_vpu_addr(&self, ctx: &Arc<Context>, range: &Range<u64>) -> Result {
        let node = ctx.insert_node(range, self.base.base.size())?;
        let mut place = self.place.lock();
        place.vpu_addr = node.start();
        place.node = Some(node);
        place.ctx = Some(Arc::clone(ctx));
        Ok(())
    }

    /// The pages, and a table of them for the device: an import's is got now, and kept in the base class's field
    /// (`ivpu_bo_map_attachment`).
    fn get_table(&self) -> Result {
        let Some(attach) = self.base.base.import_attach() else {
            self.base.get_pages_sgt()?;
            return Ok(());
        };
        let mut guard = self.base.base.resv().lock();
        if self.base.locked(&mut guard).sgt.is_none() {
            let table = attach.map(&mut guard, Direction::Bidirectional)?;
            self.base.locked(&mut guard).sgt = Some(table);
        }
        Ok(())
    }

    /// Makes the BO resident and maps it, unless it is (`ivpu_bo_bind`).
    ///
    /// Errors of the pages, of the exporter, of the tables; `ETIMEDOUT` when the TLB does not answer: entries are written then, and the
    /// BO does not know. `EINVAL` without a context.
    pub(super) fn bind(&self) -> Result {
        self.get_table()?;
        let mut guard = self.base.base.resv().lock();
        let mut place = self.place.lock();
        let Some(ctx) = place.ctx.clone() else {
            self.base.base.machine().warn("ivpu_gem.c:93");
            return Err(Errno::EINVAL);
        };
        if !place.mmu_mapped {
            let table = self.base.locked(&mut guard).sgt.clone();
            let sgt = table.ok_or(Errno::EINVAL)?;
            let cached = self.flags() & BO_CACHE_MASK == BO_CACHED;
            ctx.map_sgt(place.vpu_addr, sgt.dma_entries(), cached)?;
            place.mmu_mapped = true;
        }
        Ok(())
    }

    /// Takes the BO out of its context and unmaps it for the device (`ivpu_bo_unbind_locked`).
    ///
    /// The base class has no operation for that: its table is unmapped and freed here, and the use of the pages that came with it stays.
    /// An import's table stays, too.
    pub(super) fn unbind_locked(&self, guard: &mut ResvGuard) {
        {
            let mut place = self.place.lock();
            let sgt = self.base.locked(guard).sgt.clone();
            if place.mmu_mapped {
                match (&place.ctx, sgt) {
                    (Some(ctx), Some(sgt)) => ctx.unmap_sgt(place.vpu_addr, sgt.dma_entries()),
                    _ => self.base.base.machine().warn("ivpu_gem.c:150"),
                }
                place.mmu_mapped = false;
            }
            if let (Some(ctx), Some(node)) = (place.ctx.take(), place.node.take()) {
                ctx.remove_node(node);
            }
        }
        if self.base.base.is_imported() {
            return;
        }
        if let Some(sgt) = self.base.locked(guard).sgt.take() {
            sgt.unmap();
        }
    }
}

/// A reference to the object as one of this driver (`to_ivpu_bo`).
pub(super) fn to_ivpu_bo(object: &Gem) -> Result<Gem<IvpuBo>> {
    object.downcast().ok_or(Errno::EINVAL)
}

impl legacy::Subclass for IvpuBo {
    fn base(&self) -> &legacy::Object {
        &self.base
    }
}

/// `ivpu_gem_create_object`.
impl legacy::CreateObject for IvpuBo {
    fn gem_create_object(_dev: &Device, base: legacy::Object) -> Result<Self> {
        if base.base.size() == 0 {
            return Err(Errno::EINVAL);
        }
        base.pages_mark_dirty_on_put.set(true);
        Ok(Self {
            base,
            list: OnceLock::new(),
            flags: AtomicU32::new(0),
            job_status: AtomicU32::new(0),
            place: Mutex::default(),
        })
    }
}

/// `ivpu_gem_funcs`.
impl gem::Object for IvpuBo {
    fn gem(&self) -> &Header {
        &self.base.base
    }

    /// `ivpu_gem_bo_free`.
    fn free(&self, gone: &Gone) {
        let machine = self.base.base.machine();
        if let Some(list) = self.list.get() {
            list.remove(&self.base.base);
        }
        let is_idle = self.base.base.resv().test_signaled(Usage::Read);
        if !self.base.base.is_imported() && !is_idle {
            machine.warn("ivpu_gem.c:322");
        }
        if self.base.racy().vaddr.is_some() {
            machine.warn("ivpu_gem.c:324");
        }
        let mut guard = self.base.base.resv().lock();
        self.unbind_locked(&mut guard);
        drop(guard);
        let place = self.place.lock();
        if place.mmu_mapped || place.ctx.is_some() {
            machine.warn("ivpu_gem.c:331");
        }
        drop(place);
        if self.base.racy().pages_use_count > 1 {
            machine.warn("ivpu_gem.c:334");
        }
        self.base.free(gone);
    }

    /// `ivpu_gem_bo_open`. `EALREADY` for a second handle, wherever; `ENODEV`, `ENOSPC`.
    fn open(&self, file: &File) -> Result {
        let private = Private::of(file)?;
        if self.place.lock().ctx.is_some() {
            return Err(Errno::EALREADY);
        }
        let ranges = private.device().ranges();
        let range = match self.flags() {
            flags if flags & BO_SHAVE_MEM != 0 => &ranges.shave,
            flags if flags & BO_DMA_MEM != 0 => &ranges.dma,
            _ => &ranges.user,
        };
        self.alloc_vpu_addr(private.context(), range)
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

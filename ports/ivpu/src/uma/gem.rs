//! The object (`ivpu_gem.c`): its place in a context, binding, unbinding.

use std::ops::Range;

use drm_core::device::File;
use drm_core::errno::{Errno, Result};
use drm_core::gem::{Gem, Gone, Header};
use drm_core::mm::Node;
use drm_core::resv::{ResvGuard, Usage};
use drm_core::sync::atomic::AtomicU32;
use drm_core::sync::{Arc, Mutex, OnceLock};
use gem_uma::{
    Backing, BackingOptions, Caching, CpuMap, CpuMapOptions, DeviceMap, New, Share, ShareOptions,
    UmaObject,
};

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
#[derive(UmaObject)]
#[uma(free_before = Self::free_own, open = Self::open_own, status = none, rss = none)]
pub(crate) struct IvpuBo {
    #[uma(gem)]
    pub(crate) gem: Header,
    #[uma(backing)]
    pub(crate) backing: Backing,
    #[uma(device_map)]
    pub(crate) dmap: DeviceMap,
    #[uma(cpu_map)]
    pub(crate) cmap: CpuMap,
    #[uma(share)]
    pub(crate) share: Share,
    pub(super) list: OnceLock<Arc<BoList>>,
    flags: u32,
    pub(super) job_status: AtomicU32,
    place: Mutex<Place>,
}

impl IvpuBo {
    pub(crate) fn flags(&self) -> u32 {
        self.flags
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
        let (ctx, mmu_mapped) = self.place();
        Listed {
            ssid: ctx.map(|ctx| ctx.ssid()),
            vpu_addr: self.vpu_addr(),
            size: self.gem.size(),
            flags: self.flags(),
            has_pages: self.backing.is_resident(),
            mmu_mapped,
            imported: self.gem.is_imported(),
        }
    }

    /// Takes addresses in a context (`ivpu_bo_alloc_vpu_addr`). `ENOSPC`.
    pub(super) fn alloc_vpu_addr(&self, ctx: &Arc<Context>, range: &Range<u64>) -> Result {
        let node = ctx.insert_node(range, self.gem.size())?;
        let mut place = self.place.lock();
        place.vpu_addr = node.start();
        place.node = Some(node);
        place.ctx = Some(Arc::clone(ctx));
        Ok(())
    }

    /// Makes the BO resident and maps it, unless it is (`ivpu_bo_bind`).
    ///
    /// Errors of the pages, of the exporter, of the tables; `ETIMEDOUT` when the TLB does not answer: entries are written then, and the
    /// BO does not know. `EINVAL` without a context.
    pub(super) fn bind(&self) -> Result {
        let sgt = self.dmap.lock_table(&self.backing)?;
        let mut place = self.place.lock();
        let Some(ctx) = place.ctx.clone() else {
            self.gem.machine().warn("ivpu_gem.c:93");
            return Err(Errno::EINVAL);
        };
        if !place.mmu_mapped {
            let cached = self.flags() & BO_CACHE_MASK == BO_CACHED;
            ctx.map_sgt(place.vpu_addr, sgt.dma_entries(), cached)?;
            place.mmu_mapped = true;
        }
        Ok(())
    }

    /// Takes the BO out of its context and unmaps it for the device (`ivpu_bo_unbind_locked`).
    ///
    /// The device map gives up the table, an import's too, and its use of the pages with it.
    pub(super) fn unbind_locked(&self, guard: &mut ResvGuard) {
        {
            let mut place = self.place.lock();
            let sgt = self.dmap.existing(guard);
            if place.mmu_mapped {
                match (&place.ctx, sgt) {
                    (Some(ctx), Some(sgt)) => ctx.unmap_sgt(place.vpu_addr, sgt.dma_entries()),
                    _ => self.gem.machine().warn("ivpu_gem.c:150"),
                }
                place.mmu_mapped = false;
            }
            if let (Some(ctx), Some(node)) = (place.ctx.take(), place.node.take()) {
                ctx.remove_node(node);
            }
        }
        if self.dmap.unmap(guard, &self.backing).is_err() {
            self.gem.machine().warn("ivpu_gem.c: unbound while in use");
        }
    }
}

/// A reference to the object as one of this driver (`to_ivpu_bo`).
pub(super) fn to_ivpu_bo(object: &Gem) -> Result<Gem<IvpuBo>> {
    object.downcast().ok_or(Errno::EINVAL)
}

/// `ivpu_gem_create_object`.
impl IvpuBo {
    /// Builds the parts of an object that is being made.
    pub fn new(new: New, flags: u32) -> Result<Self> {
        if new.size() == 0 {
            return Err(Errno::EINVAL);
        }
        let caching = match flags & BO_CACHE_MASK {
            BO_CACHED => Caching::Cached,
            _ => Caching::WriteCombined,
        };
        Ok(Self {
            backing: Backing::new(&new, BackingOptions::as_base_class().dirty(true)),
            dmap: DeviceMap::new(&new),
            cmap: CpuMap::new(&new, CpuMapOptions::as_base_class().caching(caching)),
            share: Share::new(&new, ShareOptions::default()),
            gem: new.into_gem(),
            list: OnceLock::new(),
            flags,
            job_status: AtomicU32::new(0),
            place: Mutex::default(),
        })
    }
}

/// `ivpu_gem_funcs`.
impl IvpuBo {
    /// `ivpu_gem_bo_free`.
    fn free_own(&self, _gone: &Gone) {
        let machine = self.gem.machine();
        if let Some(list) = self.list.get() {
            list.remove(&self.gem);
        }
        let is_idle = self.gem.resv().test_signaled(Usage::Read);
        if !self.gem.is_imported() && !is_idle {
            machine.warn("ivpu_gem.c:322");
        }
        if self.cmap.kernel_map().is_some() {
            machine.warn("ivpu_gem.c:324");
        }
        let mut guard = self.gem.resv().lock();
        self.unbind_locked(&mut guard);
        drop(guard);
        let place = self.place.lock();
        if place.mmu_mapped || place.ctx.is_some() {
            machine.warn("ivpu_gem.c:331");
        }
    }

    /// `ivpu_gem_bo_open`. `EALREADY` for a second handle, wherever; `ENODEV`, `ENOSPC`.
    fn open_own(&self, file: &File) -> Result {
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
}

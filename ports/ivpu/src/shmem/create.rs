//! Creation, import, and the ioctls on BOs (`ivpu_gem.c`).

use std::ops::Range;

use drm_core::device::{Device, File};
use drm_core::errno::{Errno, Result};
use drm_core::gem::{Gem, WeakGem};
use drm_core::page_align;
use drm_core::prime::DmaBuf;
use drm_core::sync::Arc;
use drm_core::sync::atomic::Ordering;
use gem_shmem::legacy;

use super::Objects;
use super::gem::{IvpuBo, to_ivpu_bo};
use super::kernel::Kernel;
use crate::context::Context;
use crate::memory::{KernelBo, Listed, Memory};
use crate::uapi::{
    BO_CACHE_MASK, BO_CACHED, BO_DMA_MEM, BO_MAPPABLE, BO_SHAVE_MEM, BO_WC, BoCreate, BoInfo,
};

/// Flags that BO_CREATE knows.
const FLAGS: u32 = BO_SHAVE_MEM | BO_MAPPABLE | BO_DMA_MEM | BO_CACHE_MASK;

impl Objects {
    /// `ivpu_bo_alloc`. `EINVAL` for a cache mode that there is not; errors of the base class.
    pub(super) fn alloc(&self, dev: &Device, size: u64, flags: u32) -> Result<Gem<IvpuBo>> {
        if ![BO_CACHED, BO_WC].contains(&(flags & BO_CACHE_MASK)) {
            return Err(Errno::EINVAL);
        }
        let bo = legacy::create::<IvpuBo>(dev, size)?;
        bo.base.map_wc.set(flags & BO_CACHE_MASK == BO_WC);
        bo.flags.store(flags, Ordering::SeqCst);
        bo.list.get_or_init(|| Arc::clone(&self.bo_list));
        self.bo_list.add(&bo.base.base);
        Ok(bo)
    }
}

impl Memory for Objects {
    /// `EINVAL` for unknown flags, no bytes, a cache mode that there is not; `ENOSPC` without addresses; `ENOMEM`.
    fn bo_create(&self, file: &File, args: &mut BoCreate) -> Result {
        if args.flags & !FLAGS != 0 {
            return Err(Errno::EINVAL);
        }
        let size = match args.size {
            // Rounded up it is 0.
            0 | 0xffff_ffff_ffff_f001.. => return Err(Errno::EINVAL),
            size => page_align(size),
        };
        let bo = self.alloc(file.dev(), size, args.flags)?;
        args.handle = file.handle_create(&bo.clone().into_dyn())?;
        args.vpu_addr = bo.vpu_addr();
        Ok(())
    }

    /// `ENOENT`.
    fn bo_info(&self, file: &File, args: &mut BoInfo) -> Result {
        let bo = to_ivpu_bo(&file.lookup(args.handle).ok_or(Errno::ENOENT)?)?;
        args.flags = bo.flags();
        args.mmap_offset = bo.base.base.node().offset().unwrap_or(0);
        args.vpu_addr = bo.vpu_addr();
        args.size = bo.base.base.size();
        Ok(())
    }

    fn bind(&self, object: &Gem) -> Result {
        to_ivpu_bo(object)?.bind()
    }

    fn vpu_addr(&self, object: &Gem) -> Result<u64> {
        Ok(to_ivpu_bo(object)?.vpu_addr())
    }

    fn job_status(&self, object: &Gem) -> u32 {
        to_ivpu_bo(object).map_or(0, |bo| bo.job_status.load(Ordering::SeqCst))
    }

    fn set_job_status(&self, object: &Gem, status: u32) {
        if let Ok(bo) = to_ivpu_bo(object) {
            bo.job_status.store(status, Ordering::SeqCst);
        }
    }

    fn unbind_all(&self, context: &Arc<Context>) {
        for object in self.bo_list.all().iter().filter_map(WeakGem::upgrade) {
            let Ok(bo) = to_ivpu_bo(&object) else {
                continue;
            };
            let mut guard = object.gem().resv().lock();
            let (ctx, _) = bo.place();
            if ctx.is_some_and(|ctx| Arc::ptr_eq(&ctx, context)) {
                bo.unbind_locked(&mut guard);
            }
        }
    }

    fn bo_list(&self) -> Vec<Listed> {
        let objects = self.bo_list.all();
        let objects = objects.iter().filter_map(WeakGem::upgrade);
        objects
            .filter_map(|object| Some(to_ivpu_bo(&object).ok()?.listed()))
            .collect()
    }

    fn kernel_bo(
        &self,
        dev: &Device,
        context: &Arc<Context>,
        range: &Range<u64>,
        size: u64,
        flags: u32,
    ) -> Option<Box<dyn KernelBo>> {
        let bo = self.alloc(dev, size, flags).ok()?;
        bo.alloc_vpu_addr(context, range).ok()?;
        bo.bind().ok()?;
        let kernel = Kernel::new(bo).ok()?;
        Some(Box::new(kernel))
    }

    /// `ivpu_gem_prime_import`: an attachment without a table, which comes with the first job. A buffer of this very device is none of
    /// its objects here, but an import like any other.
    fn gem_prime_import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem> {
        let attach = dma_buf.attach(dev.dma())?;
        let bo = legacy::prime_import_sg_table::<IvpuBo>(dev, &attach, None)
            .inspect_err(|_| attach.detach())?;
        bo.base.base.set_import_attach(attach);
        bo.base.base.resv_slot().choose(dma_buf.resv().clone());
        bo.list.get_or_init(|| Arc::clone(&self.bo_list));
        self.bo_list.add(&bo.base.base);
        Ok(bo.into_dyn())
    }
}

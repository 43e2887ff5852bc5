//! The ioctls that touch BOs (`panfrost_drv.c`), and the side as the rest of the driver sees it.

use drm_core::device::{Device, File};
use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::machine::Shrinker;
use drm_core::prime::Attachment;
use drm_core::sync::Arc;
use drm_core::sync::atomic::Ordering;
use gem_shmem::legacy;

use super::gem::{self, PanfrostObject, to_panfrost_bo};
use super::mapping::Mapping;
use super::perfcnt::Buffer;
use super::{Objects, dump, mmu};
use crate::drv::FilePriv;
use crate::dump::DumpedBo;
use crate::memory::{JobMapping, Memory, PerfcntBuffer};
use crate::uapi::{
    BO_HEAP, BO_NOEXEC, CreateBo, GetBoOffset, MADV_DONTNEED, MADV_WILLNEED, Madvise, MmapBo,
};

fn lookup(file: &File, handle: u32) -> Result<Gem<PanfrostObject>> {
    to_panfrost_bo(&file.lookup(handle).ok_or(Errno::ENOENT)?)
}

impl Memory for Objects {
    fn shrinker(self: Arc<Self>) -> Arc<dyn Shrinker> {
        self
    }

    /// `EINVAL` for size 0, padding, unknown flags, and an executable heap; `ENOSPC` without VA; `ENOMEM`.
    fn create_bo(&self, file: &File, args: &mut CreateBo) -> Result {
        if args.size == 0 || args.pad != 0 || args.flags & !(BO_NOEXEC | BO_HEAP) != 0 {
            return Err(Errno::EINVAL);
        }
        // No code in a heap.
        if args.flags & BO_HEAP != 0 && args.flags & BO_NOEXEC == 0 {
            return Err(Errno::EINVAL);
        }
        let bo = gem::create(file.dev(), args.size, args.flags)?;
        args.handle = file.handle_create(&bo.clone().into_dyn())?;
        // Only gone if another thread guessed the handle and closed it.
        let mapping = bo.mapping_get(file).ok_or(Errno::EINVAL)?;
        args.offset = mapping.va();
        Ok(())
    }

    /// `EINVAL` for flags and heaps, `ENOENT`. An offset that a purge took away is made again.
    fn mmap_bo(&self, file: &File, args: &mut MmapBo) -> Result {
        if args.flags != 0 {
            return Err(Errno::EINVAL);
        }
        let bo = lookup(file, args.handle)?;
        // The pages of a heap are not all there.
        if bo.is_heap() {
            return Err(Errno::EINVAL);
        }
        args.offset = bo.base.base.create_mmap_offset()?;
        Ok(())
    }

    /// `ENOENT`; `EINVAL` without a mapping in this file.
    fn get_bo_offset(&self, file: &File, args: &mut GetBoOffset) -> Result {
        let mapping = lookup(file, args.handle)?
            .mapping_get(file)
            .ok_or(Errno::EINVAL)?;
        args.offset = mapping.va();
        Ok(())
    }

    /// `ENOENT`; `EINVAL` when another file has the BO, too, and it is offered. The value is stored unchecked.
    fn madvise(&self, file: &File, args: &mut Madvise) -> Result {
        let bo = lookup(file, args.handle)?;
        let vm = FilePriv::of(file)?.vm().ok_or(Errno::ENODEV)?;
        let mut guard = bo.base.base.resv().lock_interruptible()?;
        let list = self.shrinker_list.lock();
        let mappings = bo.mappings.lock();
        if args.madv == MADV_DONTNEED {
            // Only its single user may offer it.
            let [only] = mappings.as_slice() else {
                return Err(Errno::EINVAL);
            };
            if !Arc::ptr_eq(&only.vm, &vm) {
                file.machine().warn_once("panfrost_drv.c:436");
                return Err(Errno::EINVAL);
            }
        }
        let retained = bo.base.madvise(&mut guard, args.madv as i32);
        args.retained = u32::from(retained);
        if retained {
            if args.madv == MADV_DONTNEED {
                list.move_tail(&bo.base);
            } else if args.madv == MADV_WILLNEED {
                list.del(&bo.base);
            }
        }
        Ok(())
    }

    fn has_import_sg_table(&self) -> bool {
        true
    }

    /// `panfrost_gem_prime_import_sg_table`.
    fn gem_prime_import_sg_table(
        &self,
        dev: &Device,
        attach: &Arc<Attachment>,
        table: Arc<SgTable>,
    ) -> Result<Gem> {
        let bo = legacy::prime_import_sg_table::<PanfrostObject>(dev, attach, Some(table))?;
        bo.set_noexec();
        Ok(bo.into_dyn())
    }

    fn job_mapping(&self, file: &File, object: &Gem) -> Result<Box<dyn JobMapping>> {
        let mapping = to_panfrost_bo(object)?
            .mapping_get(file)
            .ok_or(Errno::EINVAL)?;
        mapping.object.gpu_usecount.fetch_add(1, Ordering::SeqCst);
        Ok(Box::new(InJob(mapping)))
    }

    fn map_fault_addr(&self, as_nr: u32, addr: u64) -> Result {
        mmu::map_fault_addr(&self.pfdev, as_nr, addr)
    }

    fn perfcnt_buffer(&self, file: &File, size: u64) -> Result<Box<dyn PerfcntBuffer>> {
        Ok(Box::new(Buffer::new(file, size)?))
    }
}

/// A mapping that a job uses: the count comes down, then the reference goes (`panfrost_job_cleanup`).
struct InJob(Arc<Mapping>);

impl JobMapping for InJob {
    fn dump(&self) -> DumpedBo {
        dump::dump_bo(&self.0)
    }
}

impl Drop for InJob {
    fn drop(&mut self) {
        self.0.object.gpu_usecount.fetch_sub(1, Ordering::SeqCst);
    }
}

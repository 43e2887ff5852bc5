//! One map or unmap (`struct pvr_vm_bind_op`): what is prepared before it, its steps, what is given back after it.

use drm_core::PAGE_SIZE;
use drm_core::errno::{Errno, Result};
use drm_core::exec::{Exec, Flags};
use drm_core::gem::Gem;
use drm_core::gpuvm::{Applied, GpuVmBo, MapRequest, OpMap, OpRemap, OpUnmap, SmSteps};
use drm_core::machine::{Fail, Machine};
use drm_core::sync::Arc;
use port_kit::mmu::rogue::{OpError, PageFlags, RogueOp, RogueTable};
use port_kit::mmu::{MachineTables, Segment};

use super::VmContext;
use crate::buffer::{PvrGem, PvrVm};
use crate::heap;
use crate::uapi::BoFlags;

type Tables = Arc<MachineTables>;

/// What the steps of a request work with (`op_ctx`).
struct BindOp<'a, B: PvrGem> {
    machine: &'a Machine,
    table: &'a mut RogueTable<Tables>,
    op: &'a mut RogueOp<Tables>,
    /// What is mapped, as the device sees it: all of the object.
    segments: &'a [Segment],
    /// The pair of the object and the address space, for the mapping that is made.
    vm_bo: Option<GpuVmBo<PvrVm<B>>>,
}

impl<B: PvrGem> BindOp<'_, B> {
    /// What the page-table code answered; a pointer that is null is an oops.
    fn answer(&self, result: std::result::Result<(), OpError>) -> Result {
        result.map_err(|error| match error {
            OpError::Errno(errno) => errno,
            OpError::NullTable => {
                self.machine
                    .oops("pvr_mmu.c: pvr_page_destroy: no page table");
                Errno::EFAULT
            }
        })
    }

    fn unmap_range(&mut self, addr: u64, size: u64) -> Result {
        let result = self.op.unmap(self.table, addr, size);
        self.answer(result)
    }
}

impl<B: PvrGem> SmSteps<PvrVm<B>> for BindOp<'_, B> {
    /// `pvr_vm_gpuva_map`.
    fn map<'op>(&mut self, op: OpMap<'op, PvrVm<B>>) -> Result<Applied<'op>> {
        if !(op.offset() | op.size()).is_multiple_of(PAGE_SIZE) {
            return Err(Errno::EINVAL);
        }
        let flags = op.object().map_or(BoFlags::empty(), |gem| gem.flags());
        let mut page = PageFlags::empty();
        page.set(
            PageFlags::BYPASS,
            flags.contains(BoFlags::BYPASS_DEVICE_CACHE),
        );
        page.set(PageFlags::PROTECT, flags.contains(BoFlags::PM_FW_PROTECT));
        let segments = self.segments.iter().copied();
        let (addr, offset, size) = (op.addr(), op.offset(), op.size());
        let result = self.op.map(self.table, addr, segments, offset, size, page);
        self.answer(result)?;
        let (_va, applied) = op.insert((), self.vm_bo.clone());
        Ok(applied)
    }

    /// `pvr_vm_gpuva_remap`: no entry is written again, as every leaf is a page.
    fn remap<'op>(&mut self, op: OpRemap<'op, PvrVm<B>>) -> Result<Applied<'op>> {
        let goes = op.unmap_range();
        self.unmap_range(goes.start, goes.end - goes.start)?;
        let (remapped, applied) = op.remap(|_old| ());
        remapped.old.put(None);
        Ok(applied)
    }

    /// `pvr_vm_gpuva_unmap`.
    fn unmap<'op>(&mut self, op: OpUnmap<'op, PvrVm<B>>) -> Result<Applied<'op>> {
        let (addr, size) = (op.va().addr(), op.va().size());
        self.unmap_range(addr, size)?;
        let (removed, applied) = op.remove();
        removed.put(None);
        Ok(applied)
    }
}

impl<B: PvrGem> VmContext<B> {
    /// Shows `size` bytes of an object, from `offset` on, at `addr` (`pvr_vm_map`). What was mapped there goes.
    ///
    /// Every table that may be needed is allocated first, and the object's pages are there; then the locks.
    ///
    /// # Errors
    ///
    /// `EINVAL` for what is not whole pages, not in the object, not device addresses, or, in an address space of user space,
    /// not in one heap; `ENOMEM`; `EINTR`. Nothing is changed then, unless a step fails after others were applied.
    pub(crate) fn map(&self, gem: &Gem<B>, offset: u64, addr: u64, size: u64) -> Result {
        let pvr = self.pvr()?;
        let machine = pvr.machine();
        let object_size = gem.gem().size();
        let end = offset.checked_add(size).ok_or(Errno::EINVAL)?;
        if self.is_user() && heap::containing(addr, size, pvr.features().brn63142).is_none() {
            return Err(Errno::EINVAL);
        }
        if !self.addr_and_size_are_valid(addr, size)
            || !(offset | size).is_multiple_of(PAGE_SIZE)
            || offset >= object_size
            || end > object_size
        {
            return Err(Errno::EINVAL);
        }
        let vm_bo = {
            let _guard = gem.gem().resv().lock();
            self.gpuvm.obtain_vm_bo(gem)
        };
        // The new mapping, and both halves of one that it may split.
        for _ in 0..3 {
            machine.failpoints().check(Fail::Alloc)?;
        }
        let segments = gem.get_pages_sgt()?;
        machine.failpoints().check(Fail::Alloc)?;
        let mut op = self.table.lock().map_op(addr, size)?;
        let request = MapRequest {
            addr,
            size,
            object: Some(gem.clone()),
            offset,
        };
        let result = {
            let mut table = self.table.lock();
            self.lock_for(gem).and_then(|_locks| {
                let mut steps = BindOp {
                    machine,
                    table: &mut table,
                    op: &mut op,
                    segments: &segments,
                    vm_bo: Some(vm_bo.clone()),
                };
                self.gpuvm.sm_map(&request, &mut steps)
            })
        };
        vm_bo.put(None);
        op.finish_with(|flush| pvr.end_of_op(flush));
        result
    }

    /// Locks the address space and the object (`drm_gpuvm_exec_lock`, `pvr_vm_lock_extra`); not the objects of mappings that a
    /// map displaces, whose lists of mappings it changes all the same. `EINTR`.
    fn lock_for(&self, gem: &Gem<B>) -> Result<Exec> {
        let object = gem.clone().into_dyn();
        let mut exec = Exec::new(Flags::INTERRUPTIBLE_WAIT | Flags::IGNORE_DUPLICATES);
        exec.until_all_locked(|exec| {
            self.gpuvm.prepare_vm(exec, 0)?;
            self.gpuvm.prepare_objects(exec, 0)?;
            exec.lock(&object)
        })?;
        Ok(exec)
    }

    /// Ends the mapping that is exactly this (`pvr_vm_unmap`).
    ///
    /// # Errors
    ///
    /// `ENOENT` when there is none; `ENOMEM`; `EINTR`.
    pub(crate) fn unmap(&self, addr: u64, size: u64) -> Result {
        let pvr = self.pvr()?;
        let (object, op, result) = {
            let mut table = self.table.lock();
            let va = self.gpuvm.find(addr, size).ok_or(Errno::ENOENT)?;
            let object = va.object().ok_or(Errno::ENOENT)?;
            drop(va);
            let (op, result) = self.unmap_obj_locked(&mut table, &object, addr, size)?;
            (object, op, result)
        };
        op.finish_with(|flush| pvr.end_of_op(flush));
        drop(object);
        result
    }

    /// Unmaps a range that shows an object (`pvr_vm_unmap_obj`).
    ///
    /// # Errors
    ///
    /// `EINVAL` for what is not device addresses; `ENOMEM`; `EINTR`.
    pub(crate) fn unmap_obj(&self, gem: &Gem<B>, addr: u64, size: u64) -> Result {
        let pvr = self.pvr()?;
        let (op, result) = self.unmap_obj_locked(&mut self.table.lock(), gem, addr, size)?;
        op.finish_with(|flush| pvr.end_of_op(flush));
        result
    }

    /// The unmap itself (`pvr_vm_unmap_obj_locked`), and its operation, to be ended by the caller: the flush waits for the
    /// firmware, and what goes on meanwhile may need the lock.
    fn unmap_obj_locked(
        &self,
        table: &mut RogueTable<Tables>,
        gem: &Gem<B>,
        addr: u64,
        size: u64,
    ) -> Result<(RogueOp<Tables>, Result)> {
        let pvr = self.pvr()?;
        let machine = pvr.machine();
        if !self.addr_and_size_are_valid(addr, size) {
            return Err(Errno::EINVAL);
        }
        // Both halves of a mapping that may be split, and the operation.
        for _ in 0..3 {
            machine.failpoints().check(Fail::Alloc)?;
        }
        let mut op = table.unmap_op();
        let result = self.lock_for(gem).and_then(|_locks| {
            let mut steps = BindOp {
                machine,
                table,
                op: &mut op,
                segments: &[],
                vm_bo: None,
            };
            self.gpuvm.sm_unmap(addr, size, &mut steps)
        });
        Ok((op, result))
    }
}

//! Carrying out prepared operations: the steps of `drm_gpuvm`, applied to the page table.

use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::gpuvm::{Applied, GpuVa, MapRequest, OpMap, OpRemap, OpUnmap, SmSteps};
use drm_core::sync::atomic::Ordering;

use super::op_ctx::{MAP_FLAGS, OpCtx};
use super::tables::{Table, flags_to_prot};
use super::{Types, Vm};
use crate::bo::BufferObject;
use crate::uapi::{VM_BIND_OP_TYPE_MAP, VM_BIND_OP_TYPE_SYNC_ONLY, VM_BIND_OP_TYPE_UNMAP};

/// What the steps work on, under `op_lock`.
struct Steps<'a, B: BufferObject> {
    vm: &'a Vm<B>,
    table: &'a mut Table,
    ctx: &'a mut OpCtx<B>,
}

/// Whether a mapping has no entries, because its object was evicted.
fn is_cleared<B: BufferObject>(va: &GpuVa<Types<B>>) -> bool {
    va.vm_bo().is_some_and(|pair| pair.data().is_cleared())
}

impl<B: BufferObject> SmSteps<Types<B>> for Steps<'_, B> {
    /// `panthor_gpuva_sm_step_map`. A failure leaves the page table as it was; the mappings that made room are gone.
    fn map<'op>(&mut self, op: OpMap<'op, Types<B>>) -> Result<Applied<'op>> {
        self.ctx.take_vma().ok_or(Errno::EINVAL)?;
        let flags = self.ctx.flags & MAP_FLAGS;
        let Some(map) = &mut self.ctx.map else {
            return Err(Errno::EINVAL);
        };
        let (addr, size, offset) = (op.addr(), op.size(), op.offset());
        let prot = flags_to_prot(flags);
        // An evicted object gets its entries before the next job, with those of its other mappings.
        let evicted = map
            .vm_bo
            .as_ref()
            .is_some_and(|pair| pair.data().is_cleared());
        let mapped = match evicted {
            true => Ok(()),
            false => self
                .vm
                .map_pages(self.table, addr, prot, &map.mapped, offset, size),
        };
        if let Err(error) = mapped {
            self.ctx.vmas += 1;
            return Err(error);
        }
        let (_va, applied) = op.insert(flags, map.vm_bo.take());
        Ok(applied)
    }

    /// `panthor_gpuva_sm_step_remap`. What stays keeps its entries and flags.
    fn remap<'op>(&mut self, op: OpRemap<'op, Types<B>>) -> Result<Applied<'op>> {
        let goes = op.unmap_range();
        let size = goes.end.wrapping_sub(goes.start);
        if !is_cleared(op.va()) {
            self.vm.unmap_pages(self.table, goes.start, size)?;
        }
        for _ in op.prev().into_iter().chain(op.next()) {
            if self.ctx.take_vma().is_none() {
                self.vm
                    .dev()
                    .machine()
                    .oops("panthor_mmu.c: remap without a mapping made in advance");
                return Err(Errno::EFAULT);
            }
        }
        let (remapped, applied) = op.remap(|old| *old.data());
        self.ctx.returned.extend(remapped.old.vm_bo);
        Ok(applied)
    }

    /// `panthor_gpuva_sm_step_unmap`. A failure leaves the mapping in the space.
    fn unmap<'op>(&mut self, op: OpUnmap<'op, Types<B>>) -> Result<Applied<'op>> {
        let (addr, size) = (op.va().addr(), op.va().size());
        let unmapped = match is_cleared(op.va()) {
            true => Ok(()),
            false => self.vm.unmap_pages(self.table, addr, size),
        };
        unmapped.inspect_err(|_| {
            self.vm
                .dev()
                .machine()
                .warn("panthor_mmu.c: panthor_gpuva_sm_step_unmap");
        })?;
        let (removed, applied) = op.remove();
        self.ctx.returned.extend(removed.vm_bo);
        Ok(applied)
    }
}

impl<B: BufferObject> Vm<B> {
    /// Carries out a prepared operation (`panthor_vm_exec_op`). After a failure nobody waits for, the space is unusable.
    ///
    /// `EINVAL` for a map into an unusable space; errors of the page table.
    pub(super) fn exec_op(&self, ctx: &mut OpCtx<B>, unusable_on_failure: bool) -> Result {
        if ctx.op_type() == VM_BIND_OP_TYPE_SYNC_ONLY {
            return Ok(());
        }
        let data = self.data();
        let mut table = data.table.lock();
        let result = match ctx.op_type() {
            VM_BIND_OP_TYPE_MAP if self.is_unusable() => Err(Errno::EINVAL),
            VM_BIND_OP_TYPE_MAP | VM_BIND_OP_TYPE_UNMAP => self.steps(&mut table, ctx),
            _ => Err(Errno::EINVAL),
        };
        if result.is_err() && unusable_on_failure {
            data.unusable.store(true, Ordering::SeqCst);
        }
        result
    }

    fn steps(&self, table: &mut Table, ctx: &mut OpCtx<B>) -> Result {
        let mut rsvd = ctx.rsvd.take();
        let attached = rsvd.as_mut().map(|rsvd| self.data().table_mem.attach(rsvd));
        let (addr, size) = (ctx.va, ctx.size);
        let request = ctx.map.as_ref().map(|map| MapRequest {
            addr,
            size,
            object: Some(map.object.clone()),
            offset: map.bo_offset,
        });
        let mut steps = Steps {
            vm: self,
            table,
            ctx,
        };
        let result = match &request {
            Some(request) => self.gpuvm().sm_map(request, &mut steps),
            None => self.gpuvm().sm_unmap(addr, size, &mut steps),
        };
        drop(attached);
        ctx.rsvd = rsvd;
        result
    }

    /// Prepares, carries out and ends a map of the kernel's own (`panthor_vm_map_bo_range`).
    pub(crate) fn map_bo_range(
        &self,
        object: &Gem<B>,
        offset: u64,
        size: u64,
        va: u64,
        flags: u32,
    ) -> Result {
        let ctx = self.prepare_map(object, offset, size, va, flags)?;
        self.exec_and_cleanup(ctx)
    }

    /// Prepares, carries out and ends an unmap of the kernel's own (`panthor_vm_unmap_range`).
    pub(crate) fn unmap_range(&self, va: u64, size: u64) -> Result {
        let ctx = self.prepare_unmap(va, size)?;
        self.exec_and_cleanup(ctx)
    }

    /// Carries an operation out before it returns; a failure does not make the space unusable.
    pub(crate) fn exec_and_cleanup(&self, mut ctx: OpCtx<B>) -> Result {
        let result = self.exec_op(&mut ctx, false);
        ctx.cleanup(self);
        result
    }
}

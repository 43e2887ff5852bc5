//! One operation on a space, prepared so that carrying it out allocates nothing (`struct panthor_vm_op_ctx`).

use drm_core::device::File;
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::gpuvm::GpuVmBo;
use drm_core::machine::Fail;
use drm_core::sync::Arc;

use super::tables::Rsvd;
use super::{Types, Vm};
use crate::bo::BufferObject;
use crate::uapi::{
    VM_BIND_OP_MAP_NOEXEC, VM_BIND_OP_MAP_READONLY, VM_BIND_OP_MAP_UNCACHED, VM_BIND_OP_TYPE_MAP,
    VM_BIND_OP_TYPE_MASK, VM_BIND_OP_TYPE_SYNC_ONLY, VM_BIND_OP_TYPE_UNMAP, VmBindOp,
};

/// What a mapping keeps of the flags of its operation (`PANTHOR_VM_MAP_FLAGS`).
pub(super) const MAP_FLAGS: u32 =
    VM_BIND_OP_MAP_READONLY | VM_BIND_OP_MAP_NOEXEC | VM_BIND_OP_MAP_UNCACHED;

/// What is mapped, kept until the operation is done.
pub(super) struct MapArgs<B: BufferObject> {
    /// The pair; taken by the mapping.
    pub(super) vm_bo: Option<GpuVmBo<Types<B>>>,
    pub(super) object: Gem<B>,
    /// Goes back to the object with the last who has it: the operation, or the pair.
    pub(super) mapped: Arc<B::Mapped>,
    pub(super) bo_offset: u64,
}

/// A prepared operation. [`OpCtx::cleanup`] must be called at the end.
pub(crate) struct OpCtx<B: BufferObject> {
    pub(super) flags: u32,
    pub(super) va: u64,
    pub(super) size: u64,
    pub(super) map: Option<MapArgs<B>>,
    /// Table pages it may use (`rsvd_page_tables`).
    pub(super) rsvd: Option<Rsvd>,
    /// Mappings that it may still make (`preallocated_vmas`).
    pub(super) vmas: u32,
    /// References of mappings that went (`returned_vmas`).
    pub(super) returned: Vec<GpuVmBo<Types<B>>>,
}

impl<B: BufferObject> OpCtx<B> {
    fn new(flags: u32, va: u64, size: u64) -> Self {
        Self {
            flags,
            va,
            size,
            map: None,
            rsvd: None,
            vmas: 0,
            returned: Vec::new(),
        }
    }

    /// What is asked for.
    pub(super) fn op_type(&self) -> u32 {
        self.flags & VM_BIND_OP_TYPE_MASK
    }

    /// The object that is mapped, until a mapping has it.
    pub(crate) fn locked_object(&self) -> Option<&Gem<B>> {
        let map = self.map.as_ref()?;
        map.vm_bo.as_ref().map(GpuVmBo::object)
    }

    /// One of the mappings made in advance (`panthor_vm_op_ctx_get_vma`).
    pub(super) fn take_vma(&mut self) -> Option<()> {
        self.vmas = self.vmas.checked_sub(1)?;
        Some(())
    }

    /// Allocates the mappings: three for a map, which may split one on both sides; two for an unmap
    /// (`panthor_vm_op_ctx_prealloc_vmas`).
    fn prealloc_vmas(&mut self, vm: &Vm<B>) -> Result {
        let count = match self.op_type() {
            VM_BIND_OP_TYPE_MAP => 3,
            VM_BIND_OP_TYPE_UNMAP => 2,
            _ => 0,
        };
        for _ in 0..count {
            vm.dev().machine().failpoints().check(Fail::Alloc)?;
            self.vmas += 1;
        }
        Ok(())
    }

    /// Ends the operation: what it did not use goes back, and the references that mappings gave up are put
    /// (`panthor_vm_cleanup_op_ctx`). Takes reservations.
    pub(crate) fn cleanup(mut self, vm: &Vm<B>) {
        self.rsvd = None;
        if let Some(map) = self.map.take() {
            if let Some(mapped) = Arc::into_inner(map.mapped) {
                map.object.unpin_mapped(mapped);
            }
            if let Some(vm_bo) = map.vm_bo {
                vm.put_vm_bo(vm_bo);
            }
        }
        for vm_bo in self.returned.drain(..) {
            vm.put_vm_bo(vm_bo);
        }
    }
}

impl<B: BufferObject> Vm<B> {
    /// Checks and prepares one operation of user space (`panthor_vm_bind_prepare_op_ctx`). `EINVAL` for whatever does not fit, an
    /// unknown handle among it; errors of [`Vm::prepare_map`] and [`Vm::prepare_unmap`].
    pub(crate) fn prepare_bind(&self, file: &File, op: &VmBindOp) -> Result<OpCtx<B>> {
        if !(op.va | op.size | op.bo_offset).is_multiple_of(self.page_size()) {
            return Err(Errno::EINVAL);
        }
        let limit = self.user_va_range();
        if op.va >= limit || op.size > limit - op.va {
            return Err(Errno::EINVAL);
        }
        let only_type =
            op.flags & !VM_BIND_OP_TYPE_MASK == 0 && op.bo_handle == 0 && op.bo_offset == 0;
        match op.flags & VM_BIND_OP_TYPE_MASK {
            VM_BIND_OP_TYPE_MAP => {
                let object = file.lookup(op.bo_handle).and_then(|gem| gem.downcast());
                let object = object.ok_or(Errno::EINVAL)?;
                self.prepare_map(&object, op.bo_offset, op.size, op.va, op.flags)
            }
            VM_BIND_OP_TYPE_UNMAP if only_type => self.prepare_unmap(op.va, op.size),
            VM_BIND_OP_TYPE_SYNC_ONLY
                if only_type && op.va == 0 && op.size == 0 && op.syncs.count != 0 =>
            {
                Ok(OpCtx::new(VM_BIND_OP_TYPE_SYNC_ONLY, 0, 0))
            }
            _ => Err(Errno::EINVAL),
        }
    }

    /// Prepares to map `size` bytes from `offset` of an object at `va` (`panthor_vm_prepare_map_op_ctx`).
    ///
    /// `EINVAL` for flags that are not known, a part that is not in the object, or an object of another space; errors of the
    /// pages and their table; `ENOMEM`.
    pub(crate) fn prepare_map(
        &self,
        object: &Gem<B>,
        offset: u64,
        size: u64,
        va: u64,
        flags: u32,
    ) -> Result<OpCtx<B>> {
        if flags & !MAP_FLAGS != 0 {
            return Err(Errno::EINVAL);
        }
        let whole = object.gem().size();
        if size > whole || offset > whole - size {
            return Err(Errno::EINVAL);
        }
        let exclusive = object.common().exclusive_vm_root_gem();
        if exclusive.is_some_and(|root| !root.is(self.root_gem())) {
            return Err(Errno::EINVAL);
        }
        let mut ctx = OpCtx::new(flags, va, size);
        match self.fill_map(&mut ctx, object, offset) {
            Ok(()) => Ok(ctx),
            Err(error) => {
                ctx.cleanup(self);
                Err(error)
            }
        }
    }

    fn fill_map(&self, ctx: &mut OpCtx<B>, object: &Gem<B>, offset: u64) -> Result {
        ctx.prealloc_vmas(self)?;
        let mapped = object.pin_for_map()?;
        if let Err(error) = self.dev().machine().failpoints().check(Fail::Alloc) {
            object.unpin_mapped(mapped);
            return Err(error);
        }
        let prealloc = self.gpuvm().create_vm_bo(object);
        let vm_bo = {
            // A pair made in vain goes at once, and that needs the space's reservation.
            let _guard = self.resv().lock();
            let _pairs = object.lock_pairs();
            prealloc.obtain_prealloc()
        };
        object.pairs_changed();
        // A pair that was there keeps its own pin; a new one takes ours over.
        let (mapped, spare) = match object.is_evictable() {
            // The operation alone keeps the pages, until it is done.
            true => (Arc::new(mapped), None),
            false => vm_bo.data().keep(mapped),
        };
        if let Some(spare) = spare {
            object.unpin_mapped(spare);
        }
        ctx.map = Some(MapArgs {
            vm_bo: Some(vm_bo.clone()),
            object: object.clone(),
            mapped,
            bo_offset: offset,
        });
        ctx.rsvd = Some(self.data().table_mem.reserve_map(ctx.va, ctx.size)?);
        let guard = self.resv().lock();
        vm_bo.extobj_add(Some(&guard));
        Ok(())
    }

    /// Prepares to unmap a range (`panthor_vm_prepare_unmap_op_ctx`). `ENOMEM`.
    pub(crate) fn prepare_unmap(&self, va: u64, size: u64) -> Result<OpCtx<B>> {
        let mut ctx = OpCtx::new(VM_BIND_OP_TYPE_UNMAP, va, size);
        ctx.prealloc_vmas(self)?;
        ctx.rsvd = Some(self.data().table_mem.reserve_unmap(va, size)?);
        Ok(ctx)
    }

    /// Puts a pair; the last reference takes its pin with it (`panthor_vm_bo_put`). Takes the reservation of the space, then
    /// that of the object.
    pub(super) fn put_vm_bo(&self, vm_bo: GpuVmBo<Types<B>>) {
        let object = vm_bo.object().clone();
        let kept = vm_bo.data().kept();
        let vm = self.clone();
        let gone = {
            let guard = vm.resv().lock();
            let _pairs = object.lock_pairs();
            vm_bo.put(Some(&guard))
        };
        object.pairs_changed();
        if gone && let Some(mapped) = kept.and_then(Arc::into_inner) {
            object.unpin_mapped(mapped);
        }
    }
}

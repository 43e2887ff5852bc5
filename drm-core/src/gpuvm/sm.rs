//! Owns the split engine: which steps make a request fit into a space (`drm_gpuvm_sm_map`, `drm_gpuvm_sm_unmap`).

use std::fmt;
use std::ops::Range;

use super::VmTypes;
use super::op::{Applied, Op, OpMap, OpRemap, OpUnmap, Part};
use super::va::GpuVa;
use super::vm::GpuVm;
use crate::errno::{Errno, Result};
use crate::gem::Gem;

/// A mapping that is asked for.
pub struct MapRequest<T: VmTypes> {
    /// First address.
    pub addr: u64,
    /// Bytes.
    pub size: u64,
    /// The object; `None` for a sparse mapping.
    pub object: Option<Gem<T::Object>>,
    /// Byte of the object that the first address shows.
    pub offset: u64,
}

impl<T: VmTypes> fmt::Debug for MapRequest<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "MapRequest({:#x}+{:#x} o={:#x})",
            self.addr, self.size, self.offset
        )
    }
}

/// What a driver does for each step, before it applies the step (`sm_step_map`, `sm_step_remap`, `sm_step_unmap`).
///
/// An error ends the request; what was applied stays.
///
/// ```
/// use drm_core::gpuvm::{Applied, GpuVmBo, OpMap, OpRemap, OpUnmap, SmSteps, VmTypes};
/// use drm_core::Result;
///
/// /// One request of a driver without page tables.
/// struct Request<T: VmTypes> {
///     vm_bo: Option<GpuVmBo<T>>,
///     /// Put once the space's reservation can be locked.
///     released: Vec<GpuVmBo<T>>,
/// }
///
/// impl<T: VmTypes<VaData = ()>> SmSteps<T> for Request<T> {
///     fn map<'op>(&mut self, op: OpMap<'op, T>) -> Result<Applied<'op>> {
///         // Map `op.addr()`, `op.size()` here.
///         let (_va, applied) = op.insert((), self.vm_bo.take());
///         Ok(applied)
///     }
///
///     fn remap<'op>(&mut self, op: OpRemap<'op, T>) -> Result<Applied<'op>> {
///         // Unmap `op.unmap_range()` here, or `op.leaf_split(2 << 20)` if leaves can be large.
///         let (remapped, applied) = op.remap(|_old| ());
///         self.released.extend(remapped.old.vm_bo);
///         Ok(applied)
///     }
///
///     fn unmap<'op>(&mut self, op: OpUnmap<'op, T>) -> Result<Applied<'op>> {
///         // Unmap `op.va().range()` here.
///         let (removed, applied) = op.remove();
///         self.released.extend(removed.vm_bo);
///         Ok(applied)
///     }
/// }
/// ```
pub trait SmSteps<T: VmTypes> {
    /// Map.
    fn map<'op>(&mut self, op: OpMap<'op, T>) -> Result<Applied<'op>>;
    /// Unmap a part, keep the rest.
    fn remap<'op>(&mut self, op: OpRemap<'op, T>) -> Result<Applied<'op>>;
    /// Unmap.
    fn unmap<'op>(&mut self, op: OpUnmap<'op, T>) -> Result<Applied<'op>>;
}

impl<T: VmTypes> GpuVm<T> {
    /// Makes room for a mapping and maps it, one step after the other (`drm_gpuvm.c: drm_gpuvm_sm_map`): any number of
    /// unmaps, at most two remaps, and the map itself, last.
    ///
    /// # Errors
    ///
    /// `EINVAL` for a range that is not [valid](GpuVm::range_valid); the errors of the steps.
    pub fn sm_map(&self, request: &MapRequest<T>, steps: &mut impl SmSteps<T>) -> Result {
        run(self.sm_map_ops(request)?, steps)
    }

    /// Unmaps a range, one step after the other (`drm_gpuvm.c: drm_gpuvm_sm_unmap`): any number of unmaps, at most two
    /// remaps.
    ///
    /// # Errors
    ///
    /// As [`GpuVm::sm_map`].
    pub fn sm_unmap(&self, addr: u64, size: u64, steps: &mut impl SmSteps<T>) -> Result {
        run(self.sm_unmap_ops(addr, size)?, steps)
    }

    /// The steps of [`GpuVm::sm_map`], to be applied in this order, all of them or none, before the next request
    /// (`drm_gpuvm.c: drm_gpuvm_sm_map_ops_create`).
    ///
    /// # Errors
    ///
    /// `EINVAL` for a range that is not [valid](GpuVm::range_valid).
    pub fn sm_map_ops(&self, request: &MapRequest<T>) -> Result<Vec<Op<'_, T>>> {
        let mut ops = self.split(request.addr, request.size, Some(request))?;
        let MapRequest {
            addr,
            size,
            ref object,
            offset,
        } = *request;
        ops.push(Op::Map(OpMap::new(
            self,
            addr,
            size,
            object.clone(),
            offset,
        )));
        Ok(ops)
    }

    /// The steps of [`GpuVm::sm_unmap`] (`drm_gpuvm.c: drm_gpuvm_sm_unmap_ops_create`); see [`GpuVm::sm_map_ops`].
    ///
    /// # Errors
    ///
    /// `EINVAL` for a range that is not [valid](GpuVm::range_valid).
    pub fn sm_unmap_ops(&self, addr: u64, size: u64) -> Result<Vec<Op<'_, T>>> {
        self.split(addr, size, None)
    }

    /// One step per mapping in the range. Arithmetic wraps as the kernel's does: it can, with mappings of size 0.
    fn split(
        &self,
        addr: u64,
        size: u64,
        request: Option<&MapRequest<T>>,
    ) -> Result<Vec<Op<'_, T>>> {
        if !self.range_valid(addr, size) {
            return Err(Errno::EINVAL);
        }
        let asked = addr..addr.wrapping_add(size);
        let mut ops = Vec::new();
        for va in self.vas_in(addr, size) {
            let whole = va.range();
            let keep = request.is_some_and(|request| is_contiguous(&va, request));
            let prev = (whole.start < asked.start).then(|| part(&va, whole.start..asked.start));
            let next = (whole.end > asked.end).then(|| part(&va, asked.end..whole.end));
            ops.push(if prev.is_some() || next.is_some() {
                Op::Remap(OpRemap::new(self, va, prev, next, keep))
            } else {
                Op::Unmap(OpUnmap::new(self, va, keep))
            });
            // A request to map does not look further, one to unmap does: they differ on empty mappings.
            if request.is_some() && whole.end >= asked.end {
                break;
            }
        }
        Ok(ops)
    }
}

fn part<T: VmTypes>(va: &GpuVa<T>, range: Range<u64>) -> Part {
    Part {
        offset: va
            .offset()
            .wrapping_add(range.start.wrapping_sub(va.addr())),
        range,
    }
}

/// Whether the mapping shows, at every address, what the request would show there.
fn is_contiguous<T: VmTypes>(va: &GpuVa<T>, request: &MapRequest<T>) -> bool {
    let same_object = request
        .object
        .as_ref()
        .is_some_and(|object| va.maps(object));
    same_object && va.offset().wrapping_sub(va.addr()) == request.offset.wrapping_sub(request.addr)
}

fn run<T: VmTypes>(ops: Vec<Op<'_, T>>, steps: &mut impl SmSteps<T>) -> Result {
    for op in ops {
        let _applied = match op {
            Op::Map(op) => steps.map(op)?,
            Op::Remap(op) => steps.remap(op)?,
            Op::Unmap(op) => steps.unmap(op)?,
        };
    }
    Ok(())
}

//! Copies of structs between user space and the kernel that may differ in size on both sides.

use std::ops::Range;

use bytemuck::{Pod, Zeroable};
use drm_core::errno::{Errno, Result};
use drm_core::machine::Machine;

use crate::uapi::{ObjArray, QueueCreate, QueueSubmit, SyncOp, VmBindOp};

/// A struct that later kernels may let grow.
pub(crate) trait UserObject: Pod + Zeroable {
    /// Bytes up to the last field that the struct had when it became part of the interface.
    const MIN_SIZE: u32 = size_of::<Self>() as u32;
}

impl UserObject for SyncOp {}
impl UserObject for QueueSubmit {}
impl UserObject for QueueCreate {}
impl UserObject for VmBindOp {}
impl UserObject for crate::uapi::GpuInfo {}
impl UserObject for crate::uapi::CsifInfo {}

/// Copies an array in (`panthor_get_uobj_array`).
///
/// `EINVAL` for a stride below the minimum, `E2BIG` for structs that are longer and not zero there, `ENOMEM` for more than any
/// allocation can hold, `EFAULT`.
pub(crate) fn get_array<T: UserObject>(machine: &Machine, array: &ObjArray) -> Result<Vec<T>> {
    if array.count == 0 {
        return Ok(Vec::new());
    }
    if array.stride < T::MIN_SIZE {
        return Err(Errno::EINVAL);
    }
    let bytes = u64::from(array.count) * size_of::<T>() as u64;
    if bytes > i32::MAX as u64 {
        return Err(Errno::ENOMEM);
    }
    let mut objects = Vec::new();
    let mut at = array.array;
    for _ in 0..array.count {
        objects.push(get(machine, at, array.stride as usize)?);
        at = at.wrapping_add(u64::from(array.stride));
    }
    Ok(objects)
}

/// Bytes looked at or cleared at a time.
const CHUNK: u64 = 4096;

/// Copies a struct of `size` bytes in (`copy_struct_from_user`).
fn get<T: UserObject>(machine: &Machine, at: u64, size: usize) -> Result<T> {
    let mut object = T::zeroed();
    let own = bytemuck::bytes_of_mut(&mut object);
    let shared = own.len().min(size);
    for (at, len) in chunks(at, shared as u64..size as u64) {
        let mut rest = vec![0; len];
        machine.user().read(at, &mut rest)?;
        if rest.iter().any(|byte| *byte != 0) {
            return Err(Errno::E2BIG);
        }
    }
    machine.user().read(at, &mut own[..shared])?;
    Ok(object)
}

/// Copies a struct out to `size` bytes at `at`; what it does not fill is cleared (`panthor_set_uobj`).
///
/// `EINVAL` for too little room, `EFAULT`.
pub(crate) fn set<T: UserObject>(machine: &Machine, at: u64, size: u32, object: &T) -> Result {
    if size < T::MIN_SIZE {
        return Err(Errno::EINVAL);
    }
    let own = bytemuck::bytes_of(object);
    let shared = own.len().min(size as usize);
    machine.user().write(at, &own[..shared])?;
    chunks(at, shared as u64..u64::from(size))
        .try_for_each(|(at, len)| machine.user().write(at, &vec![0; len]))
}

/// The bytes `range` behind `at`, piece by piece.
fn chunks(at: u64, range: Range<u64>) -> impl Iterator<Item = (u64, usize)> {
    let end = range.end;
    range
        .step_by(CHUNK as usize)
        .map(move |from| (at.wrapping_add(from), (end - from).min(CHUNK) as usize))
}

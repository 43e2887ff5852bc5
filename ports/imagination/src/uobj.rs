//! Structs and arrays of structs behind user pointers, that may be older or newer than the driver's (`PVR_UOBJ_GET`,
//! `PVR_UOBJ_SET`, `PVR_UOBJ_GET_ARRAY`, `PVR_UOBJ_SET_ARRAY`), and bytes of a length that user space chooses.

use bytemuck::{Pod, Zeroable};
use drm_core::PAGE_SIZE;
use drm_core::errno::{Errno, Result};
use drm_core::machine::{Fail, Machine};

use crate::uapi::ObjArray;

/// Largest piece that `kmalloc` gives, in bytes.
const KMALLOC_MAX: usize = 4 << 20;
/// Largest piece that `kvmalloc` gives, in bytes.
const KVMALLOC_MAX: u64 = i32::MAX as u64;
/// Bytes that are looked at or cleared at a time.
const CHUNK: usize = PAGE_SIZE as usize;

/// Copies `len` bytes from user space into memory of their own (`kzalloc`, `copy_from_user`). `ENOMEM`, for 4 MiB and more in
/// any case; `EFAULT`.
pub(crate) fn bytes(machine: &Machine, at: u64, len: u32) -> Result<Vec<u8>> {
    let len = len as usize;
    if len > KMALLOC_MAX {
        return Err(Errno::ENOMEM);
    }
    machine.failpoints().check(Fail::Alloc)?;
    let mut bytes = vec![0; len];
    machine.user().read(at, &mut bytes)?;
    Ok(bytes)
}

/// `len` bytes in pieces: where each begins, how long it is.
fn chunks(len: usize) -> impl Iterator<Item = (u64, usize)> {
    (0..len)
        .step_by(CHUNK)
        .map(move |from| (from as u64, CHUNK.min(len - from)))
}

/// Copies a struct of `size` bytes from user space (`pvr_get_uobj`): one that is shorter than the driver's is padded with
/// zeros, but has at least `min` bytes; of one that is longer the rest must be zero (`copy_struct_from_user`).
///
/// `EINVAL` when it is too short, `E2BIG` when the rest is not zero, `EFAULT`.
pub(crate) fn get<T: Pod + Zeroable>(
    machine: &Machine,
    at: u64,
    size: u32,
    min: usize,
) -> Result<T> {
    let size = size as usize;
    if size < min {
        return Err(Errno::EINVAL);
    }
    let mut value = T::zeroed();
    let shared = size.min(size_of::<T>());
    for (from, len) in chunks(size - shared) {
        let mut rest = vec![0; len];
        machine
            .user()
            .read(at.wrapping_add(shared as u64 + from), &mut rest)?;
        if rest.iter().any(|byte| *byte != 0) {
            return Err(Errno::E2BIG);
        }
    }
    let bytes = bytemuck::bytes_of_mut(&mut value);
    machine.user().read(at, &mut bytes[..shared])?;
    Ok(value)
}

/// Copies a struct to user space, cut or padded to `size` bytes (`pvr_set_uobj`). `EINVAL` when that is less than `min`,
/// `EFAULT`.
pub(crate) fn set<T: Pod>(machine: &Machine, at: u64, size: u32, min: usize, value: &T) -> Result {
    let size = size as usize;
    if size < min {
        return Err(Errno::EINVAL);
    }
    let bytes = bytemuck::bytes_of(value);
    let shared = size.min(bytes.len());
    machine.user().write(at, &bytes[..shared])?;
    chunks(size - shared).try_for_each(|(from, len)| {
        let at = at.wrapping_add(shared as u64 + from);
        machine.user().write(at, &vec![0; len])
    })
}

/// Copies an array of structs from user space (`pvr_get_uobj_array`). Errors of [`get`]; `ENOMEM`, for 2 GiB and more in any
/// case.
pub(crate) fn get_array<T: Pod + Zeroable>(
    machine: &Machine,
    array: &ObjArray,
    min: usize,
) -> Result<Vec<T>> {
    if (array.stride as usize) < min {
        return Err(Errno::EINVAL);
    }
    if u64::from(array.count) * size_of::<T>() as u64 > KVMALLOC_MAX {
        return Err(Errno::ENOMEM);
    }
    if array.count > 0 {
        machine.failpoints().check(Fail::Alloc)?;
    }
    let at = |i: u32| {
        array
            .array
            .wrapping_add(u64::from(i) * u64::from(array.stride))
    };
    (0..array.count)
        .map(|i| get(machine, at(i), array.stride, min))
        .collect()
}

/// Copies structs to an array of user space (`pvr_set_uobj_array`). Errors of [`set`].
pub(crate) fn set_array<T: Pod>(
    machine: &Machine,
    array: &ObjArray,
    min: usize,
    values: &[T],
) -> Result {
    if (array.stride as usize) < min {
        return Err(Errno::EINVAL);
    }
    let at = |i: u32| {
        array
            .array
            .wrapping_add(u64::from(i) * u64::from(array.stride))
    };
    (0..array.count)
        .zip(values)
        .try_for_each(|(i, value)| set(machine, at(i), array.stride, min, value))
}

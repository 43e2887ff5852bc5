//! Structs and arrays of structs behind user pointers, that may be older or newer than the driver's (`PVR_UOBJ_GET`,
//! `PVR_UOBJ_SET`, `PVR_UOBJ_GET_ARRAY`, `PVR_UOBJ_SET_ARRAY`).

use bytemuck::{Pod, Zeroable};
use drm_core::errno::{Errno, Result};
use drm_core::machine::Machine;

use crate::uapi::ObjArray;

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
    let bytes = bytemuck::bytes_of_mut(&mut value);
    let mut rest = vec![0; size - shared];
    machine.user().read(at + shared as u64, &mut rest)?;
    if rest.iter().any(|byte| *byte != 0) {
        return Err(Errno::E2BIG);
    }
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
    machine
        .user()
        .write(at + shared as u64, &vec![0; size - shared])
}

/// Copies an array of structs from user space (`pvr_get_uobj_array`). Errors of [`get`].
pub(crate) fn get_array<T: Pod + Zeroable>(
    machine: &Machine,
    array: &ObjArray,
    min: usize,
) -> Result<Vec<T>> {
    if (array.stride as usize) < min {
        return Err(Errno::EINVAL);
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

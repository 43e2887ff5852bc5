//! Arguments of ioctls: bytes for `drm_ioctl()`, a struct for the driver.

use bytemuck::{Pod, bytes_of};
use drm_core::errno::{Errno, Result};

/// Hands the argument to `ioctl` as a struct, and copies it back even after an error, as `drm_ioctl()` does.
///
/// # Errors
///
/// Those of `ioctl`; `EINVAL` for an argument that is too short, which `drm_ioctl()` never hands on.
pub fn with<T: Pod>(arg: &mut [u8], ioctl: impl FnOnce(&mut T) -> Result) -> Result {
    let bytes = arg.get_mut(..size_of::<T>()).ok_or(Errno::EINVAL)?;
    let mut args: T = bytemuck::pod_read_unaligned(bytes);
    let result = ioctl(&mut args);
    bytes.copy_from_slice(bytes_of(&args));
    result
}

//! The ioctls of sync objects: numbers, argument structs, answers.

use std::ops::Range;

use super::Syncobj;
use crate::device::{Features, File, IoctlNr};
use crate::errno::{Errno, Result};
use crate::machine::{Deadline, Machine};
use crate::resv::Fence;

/// Numbers of all ioctls of sync objects.
pub(crate) const NUMBERS: Range<u32> = 0xbf..0xce;

/// Numbers of the ioctls.
pub mod nr {
    use crate::device::IoctlNr;

    /// `{ handle, flags: u32 }`; the flag 1 asks for one that is signalled.
    pub const CREATE: IoctlNr = IoctlNr::iowr(0xbf, 8);
    /// `{ handle, pad: u32 }`.
    pub const DESTROY: IoctlNr = IoctlNr::iowr(0xc0, 8);
    /// `{ handles: u64, timeout_nsec: i64, count_handles, flags, first_signaled, pad: u32 }`.
    pub const WAIT: IoctlNr = IoctlNr::iowr(0xc3, 32);
    /// `{ handles: u64, count_handles, pad: u32 }`.
    pub const RESET: IoctlNr = IoctlNr::iowr(0xc4, 16);
    /// As [`RESET`].
    pub const SIGNAL: IoctlNr = IoctlNr::iowr(0xc5, 16);
    /// `{ handles, points: u64, timeout_nsec: i64, count_handles, flags, first_signaled, pad: u32 }`.
    pub const TIMELINE_WAIT: IoctlNr = IoctlNr::iowr(0xca, 40);
    /// `{ handles, points: u64, count_handles, flags: u32 }`.
    pub const QUERY: IoctlNr = IoctlNr::iowr(0xcb, 24);
    /// As [`QUERY`].
    pub const TIMELINE_SIGNAL: IoctlNr = IoctlNr::iowr(0xcd, 24);
}

/// Wait for every object, not for the first.
const WAIT_ALL: u32 = 1;

/// The argument of an ioctl, field by field.
struct Arg<'a>(&'a mut [u8]);

impl Arg<'_> {
    fn u32(&self, at: usize) -> u32 {
        let bytes = self.0.get(at..).and_then(|rest| rest.first_chunk());
        bytes.map_or(0, |bytes| u32::from_ne_bytes(*bytes))
    }

    fn u64(&self, at: usize) -> u64 {
        let bytes = self.0.get(at..).and_then(|rest| rest.first_chunk());
        bytes.map_or(0, |bytes| u64::from_ne_bytes(*bytes))
    }

    fn set_u32(&mut self, at: usize, value: u32) {
        if let Some(field) = self.0.get_mut(at..at + 4) {
            field.copy_from_slice(&value.to_ne_bytes());
        }
    }
}

/// An ioctl of sync objects. `EOPNOTSUPP` for a driver without them, `EINVAL` for the numbers that pass them between files, which
/// are not offered.
pub(crate) fn ioctl(file: &File, number: IoctlNr, arg: &mut [u8]) -> Result {
    if !file.dev().driver().features().contains(Features::SYNCOBJ) {
        return Err(Errno::EOPNOTSUPP);
    }
    let mut arg = Arg(arg);
    let is = |other: IoctlNr| number.nr() == other.nr();
    if is(nr::CREATE) {
        create(file, &mut arg)
    } else if is(nr::DESTROY) {
        if arg.u32(4) != 0 {
            return Err(Errno::EINVAL);
        }
        file.remove_syncobj(arg.u32(0))
    } else if is(nr::RESET) || is(nr::SIGNAL) {
        let fence = is(nr::SIGNAL).then(Fence::signaled);
        if arg.u32(12) != 0 || arg.u32(8) == 0 {
            return Err(Errno::EINVAL);
        }
        let objects = objects(file, arg.u64(0), arg.u32(8))?;
        objects
            .iter()
            .for_each(|object| object.replace_fence(fence.clone()));
        Ok(())
    } else if is(nr::TIMELINE_SIGNAL) {
        if arg.u32(20) != 0 || arg.u32(16) == 0 {
            return Err(Errno::EINVAL);
        }
        let objects = objects(file, arg.u64(0), arg.u32(16))?;
        for (object, point) in objects
            .iter()
            .zip(points(file.machine(), arg.u64(8), arg.u32(16))?)
        {
            object.add_point(point, &Fence::signaled());
        }
        Ok(())
    } else if is(nr::QUERY) {
        query(file, &arg)
    } else if is(nr::WAIT) {
        let (handles, count) = (arg.u64(0), arg.u32(16));
        let points = vec![0; count as usize % (1 << 16)];
        wait(
            file,
            handles,
            count,
            &points,
            arg.u64(8),
            arg.u32(20),
            &mut arg,
            24,
        )
    } else if is(nr::TIMELINE_WAIT) {
        let (handles, count) = (arg.u64(0), arg.u32(24));
        let points = points(file.machine(), arg.u64(8), count)?;
        wait(
            file,
            handles,
            count,
            &points,
            arg.u64(16),
            arg.u32(28),
            &mut arg,
            32,
        )
    } else {
        Err(Errno::EINVAL)
    }
}

fn create(file: &File, arg: &mut Arg<'_>) -> Result {
    let flags = arg.u32(4);
    if flags & !1 != 0 {
        return Err(Errno::EINVAL);
    }
    let syncobj = Syncobj::new();
    if flags == 1 {
        syncobj.replace_fence(Some(Fence::signaled()));
    }
    let handle = file.add_syncobj(syncobj)?;
    arg.set_u32(0, handle);
    Ok(())
}

/// `ENOENT` for an unknown handle, `EFAULT`.
fn objects(file: &File, at: u64, count: u32) -> Result<Vec<Syncobj>> {
    let handles = file.machine().user().read_u32s(at, count)?;
    handles
        .into_iter()
        .map(|handle| file.syncobj(handle))
        .collect()
}

/// `EFAULT`.
fn points(machine: &Machine, at: u64, count: u32) -> Result<Vec<u64>> {
    let words = machine
        .user()
        .read_u32s(at, count.checked_mul(2).ok_or(Errno::ENOMEM)?)?;
    let (pairs, _) = words.as_chunks::<2>();
    Ok(pairs
        .iter()
        .map(|[low, high]| u64::from(*high) << 32 | u64::from(*low))
        .collect())
}

fn query(file: &File, arg: &Arg<'_>) -> Result {
    if arg.u32(20) != 0 || arg.u32(16) == 0 {
        return Err(Errno::EINVAL);
    }
    let objects = objects(file, arg.u64(0), arg.u32(16))?;
    for (object, i) in objects.iter().zip(0..) {
        let at = arg.u64(8).wrapping_add(8 * i);
        file.machine()
            .user()
            .write(at, &object.reached().to_ne_bytes())?;
    }
    Ok(())
}

/// Waits up to an absolute time. `EINVAL` for an object without a fence, `ETIME`; `first_signaled` is filled in at `first`.
#[expect(
    clippy::too_many_arguments,
    reason = "two ioctls with the same fields at other places"
)]
fn wait(
    file: &File,
    handles: u64,
    count: u32,
    points: &[u64],
    timeout: u64,
    flags: u32,
    arg: &mut Arg<'_>,
    first: usize,
) -> Result {
    if flags & !WAIT_ALL != 0 {
        return Err(Errno::EINVAL);
    }
    if count == 0 {
        return Ok(());
    }
    let objects = objects(file, handles, count)?;
    let fences: Result<Vec<Fence>> = objects
        .iter()
        .zip(points)
        .map(|(object, point)| object.find_fence(*point))
        .collect();
    let fences = fences?;
    let deadline = match timeout.cast_signed() {
        at if at <= 0 => Deadline::Now,
        at => Deadline::At(at.cast_unsigned()),
    };
    file.machine().wait_until(deadline, || match flags {
        WAIT_ALL => fences.iter().all(Fence::is_signaled),
        _ => fences.iter().any(Fence::is_signaled),
    })?;
    let signaled = fences.iter().position(Fence::is_signaled).unwrap_or(0);
    arg.set_u32(first, signaled as u32);
    Ok(())
}

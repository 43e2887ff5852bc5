//! Waiting in ticks of the clock, as kernels with `CONFIG_HZ=100` do.

use drm_core::device::File;
use drm_core::errno::{Errno, Result};
use drm_core::machine::{Deadline, Machine};
use drm_core::resv::Usage;

/// Ticks in a second: what the recorded kernels were built with.
pub const HZ: u64 = 100;
/// Nanoseconds in a tick.
pub const TICK_NS: u64 = 1_000_000_000 / HZ;
/// Longest time-out in ticks (`MAX_JIFFY_OFFSET`); a wait for this long never ends.
pub const MAX_JIFFY_OFFSET: u64 = (i64::MAX as u64 >> 1) - 1;

/// Whole ticks in `ns` (`nsecs_to_jiffies64`).
#[must_use]
pub const fn nsecs_to_jiffies(ns: u64) -> u64 {
    ns / TICK_NS
}

/// Waits `jiffies` ticks at most (`schedule_timeout`): the timer wheel lets one more pass. With 0 it only looks.
///
/// # Errors
///
/// `ETIME` when the time is up.
pub fn wait(machine: &Machine, jiffies: u64, done: impl Fn() -> bool) -> Result {
    let deadline = match jiffies {
        0 => Deadline::Now,
        MAX_JIFFY_OFFSET.. => Deadline::Never,
        _ => Deadline::At(machine.clock().now() + (jiffies + 1) * TICK_NS),
    };
    machine.wait_until(deadline, done)
}

/// Waits for the fences of an object (`drm_gem_dma_resv_wait`): for all with `wait_all`, else for writers.
///
/// # Errors
///
/// `EINVAL` for an unknown handle, `ETIME`.
pub fn resv_wait(file: &File, handle: u32, wait_all: bool, jiffies: u64) -> Result {
    let object = file.lookup(handle).ok_or(Errno::EINVAL)?;
    let usage = if wait_all { Usage::Read } else { Usage::Write };
    let resv = object.gem().resv();
    wait(file.machine(), jiffies, || resv.test_signaled(usage))
}

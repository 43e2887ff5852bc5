//! Runtime power management of the device: who needs it awake, and the suspend that follows when nobody does.

use drm_core::errno::{Errno, Result};

use crate::device::PanfrostDevice;

/// How long the device stays awake after its last use, in nanoseconds (`pm_runtime_set_autosuspend_delay`).
pub const AUTOSUSPEND_NS: u64 = 50_000_000;

/// `struct dev_pm_info`, as far as it matters.
#[derive(Debug, Default)]
pub(crate) struct Power {
    usage: u32,
    active: bool,
    last_busy: u64,
}

impl PanfrostDevice {
    /// The device is awake after its probe (`pm_runtime_set_active`); the autosuspend delay begins.
    pub(crate) fn pm_enable(&self) {
        self.power.lock().active = true;
        self.pm_mark_last_busy();
        self.pm_schedule_suspend();
    }

    /// Users, and whether the device is awake.
    #[must_use]
    pub fn pm_state(&self) -> (u32, bool) {
        let power = self.power.lock();
        (power.usage, power.active)
    }

    /// One more user, who needs the device awake (`pm_runtime_get_sync`).
    pub fn pm_get_sync(&self) {
        let asleep = {
            let mut power = self.power.lock();
            power.usage += 1;
            !std::mem::replace(&mut power.active, true)
        };
        if asleep {
            self.runtime_resume();
        }
    }

    /// One more user, whether the device is awake or not (`pm_runtime_get_noresume`).
    pub(crate) fn pm_get_noresume(&self) {
        self.power.lock().usage += 1;
    }

    /// Whether the device is awake (`pm_runtime_active`).
    pub(crate) fn pm_active(&self) -> bool {
        self.power.lock().active
    }

    /// The device is in use now (`pm_runtime_mark_last_busy`).
    pub(crate) fn pm_mark_last_busy(&self) {
        self.power.lock().last_busy = self.machine().clock().now();
    }

    /// One user less, without any consequence (`pm_runtime_put_noidle`).
    pub(crate) fn pm_put_noidle(&self) {
        let mut power = self.power.lock();
        match power.usage.checked_sub(1) {
            Some(usage) => power.usage = usage,
            None => self.machine().warn("runtime.c: usage count underflow"),
        }
    }

    /// One user less; after the last, the device suspends when it was not used for a while (`pm_runtime_put_autosuspend`).
    pub(crate) fn pm_put_autosuspend(&self) {
        self.pm_put_noidle();
        self.pm_schedule_suspend();
    }

    /// One user less; after the last, the device suspends now (`pm_runtime_put_sync_suspend`).
    pub fn pm_put_suspend(&self) -> Result {
        self.pm_put_noidle();
        self.pm_suspend()
    }

    fn pm_schedule_suspend(&self) {
        let due = {
            let power = self.power.lock();
            if power.usage > 0 || !power.active {
                return;
            }
            power.last_busy + AUTOSUSPEND_NS
        };
        let this = self.weak();
        self.machine().at(due, move || {
            if let Some(pfdev) = this.upgrade() {
                pfdev.pm_autosuspend();
            }
        });
    }

    fn pm_autosuspend(&self) {
        let due = self.power.lock().last_busy + AUTOSUSPEND_NS;
        if self.machine().clock().now() >= due {
            // Refused while somebody uses it; whoever stops using it asks again.
            let _ = self.pm_suspend();
        }
    }

    /// Suspends the device (`pm_runtime_suspend`). `EAGAIN` while it has users, `EBUSY` while the hardware has jobs.
    pub fn pm_suspend(&self) -> Result {
        {
            let power = self.power.lock();
            if power.usage > 0 {
                return Err(Errno::EAGAIN);
            }
            if !power.active {
                return Ok(());
            }
        }
        self.runtime_suspend()?;
        self.power.lock().active = false;
        Ok(())
    }
}

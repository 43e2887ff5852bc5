//! Resets of the GPU (`pvr_power.c`).

use drm_core::errno::{Errno, Result};
use drm_core::machine::Deadline;
use drm_core::sync::atomic::Ordering;

use crate::buffer::PvrGem;
use crate::ccb;
use crate::device::PvrDevice;
use crate::fwif::{get32, kccb, pow, put32};

/// Argument of a request to be idle (`ROGUE_FWIF_POWER_FORCE_IDLE`).
const FORCE_IDLE: u32 = 1;
/// Where the firmware says that it recovered, in `struct rogue_fwif_sysdata`.
const HWR_STATE_FLAGS: u64 = 3576;
/// The firmware faulted, or asked for the restart.
const FW_FAULT_OR_RESTART: u32 = 1 << 6 | 1 << 7;

impl<B: PvrGem> PvrDevice<B> {
    /// Restarts the GPU (`pvr_power_reset`): gently, or, if `hard` or if that fails, with all firmware objects made anew.
    ///
    /// # Errors
    ///
    /// `EIO` for a device that is lost; any failure of a hard reset, and then it is lost.
    pub(crate) fn power_reset(&self, hard: bool) -> Result {
        if self.is_lost() {
            return Err(Errno::EIO);
        }
        if !hard {
            match self.soft_reset() {
                Ok(()) => return Ok(()),
                Err(_) => self.log("FW stalled, trying hard reset"),
            }
        }
        self.queues_pre_reset();
        let result = self.hard_reset();
        if result.is_err() {
            self.log("GPU device lost");
            self.set_lost();
        }
        self.queues_post_reset();
        result
    }

    fn soft_reset(&self) -> Result {
        self.power_send(&[pow::FORCED_IDLE_REQ, FORCE_IDLE])?;
        self.power_send(&[pow::OFF_REQ, 1])?;
        self.gpu().stop();
        if let Some(mem) = self.fw_mem() {
            let flags = get32(&mem.sysdata.map, HWR_STATE_FLAGS)?;
            put32(
                &mem.sysdata.map,
                HWR_STATE_FLAGS,
                flags & !FW_FAULT_OR_RESTART,
            )?;
        }
        self.fw_start()
    }

    fn hard_reset(&self) -> Result {
        self.gpu().stop();
        self.booted.store(false, Ordering::SeqCst);
        let result = self.fw_hard_reset();
        if result.is_ok() {
            self.booted.store(true, Ordering::SeqCst);
            return self.fw_start();
        }
        result
    }

    /// Sends a power request, and waits for the firmware to acknowledge it (`pvr_power_send_command`). `ETIMEDOUT`.
    fn power_send(&self, args: &[u32]) -> Result {
        let mem = self.fw_mem().ok_or(Errno::EIO)?;
        put32(&mem.power_sync.map, 0, 0)?;
        self.kccb_send(kccb::POW, args)?;
        let deadline = Deadline::At(self.machine().clock().now() + ccb::TIMEOUT);
        let acknowledged = || get32(&mem.power_sync.map, 0).is_ok_and(|value| value != 0);
        self.machine()
            .wait_until(deadline, acknowledged)
            .map_err(|_| Errno::ETIMEDOUT)
    }
}

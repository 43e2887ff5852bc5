//! Flushes of the MMU's caches: put off after a map, done after an unmap (`pvr_mmu.c`).

use drm_core::errno::{Errno, Result};
use drm_core::sync::atomic::Ordering;
use port_kit::mmu::rogue::{Flush, SyncLevel};

use crate::buffer::PvrGem;
use crate::ccb;
use crate::device::PvrDevice;
use crate::fwif::{kccb, mmucache};

impl<B: PvrGem> PvrDevice<B> {
    /// Notes what the next flush must empty (`pvr_mmu_set_flush_flags`).
    pub(crate) fn set_flush_flags(&self, level: SyncLevel) {
        let flags = match level {
            SyncLevel::PageTable => mmucache::LEVEL_0,
            SyncLevel::Directory => mmucache::LEVEL_1,
            SyncLevel::Catalogue => mmucache::LEVEL_2,
        };
        self.flush_flags.fetch_or(flags, Ordering::SeqCst);
    }

    /// The next flush must empty everything (`pvr_mmu_flush_request_all`).
    pub(crate) fn flush_request_all(&self) {
        self.set_flush_flags(SyncLevel::Catalogue);
    }

    /// The end of an operation on page tables (`pvr_mmu_op_context_destroy`): what was changed is noted, and flushed if the
    /// operation was an unmap. Whether the flush worked is not looked at.
    pub(crate) fn end_of_op(&self, flush: Flush) {
        if let Some(level) = flush.level {
            self.set_flush_flags(level);
        }
        if flush.now {
            let _ignored = self.flush_exec(true);
        }
    }

    /// Empties the caches that were noted (`pvr_mmu_flush_exec`). Nothing to do before the firmware runs, and while nothing
    /// is noted.
    ///
    /// A firmware that does not answer is reset, and asked again; the first time it is waited for in any case.
    ///
    /// # Errors
    ///
    /// `EIO` without hardware; the answer of the reset; `ETIMEDOUT`, and then the device is lost.
    pub(crate) fn flush_exec(&self, wait: bool) -> Result {
        if self.is_unplugged() {
            return Err(Errno::EIO);
        }
        if !self.booted.load(Ordering::SeqCst) {
            return Ok(());
        }
        let flags = self.flush_flags.swap(0, Ordering::SeqCst);
        if flags == 0 {
            return Ok(());
        }
        let sync = self.fw_mem().map_or(0, |mem| mem.mmucache_sync.addr());
        let send = || self.kccb_send(kccb::MMUCACHE, &[flags, sync, 0]);
        let sent = send().and_then(|slot| self.kccb_wait(slot, ccb::TIMEOUT));
        if sent.is_ok() {
            return Ok(());
        }
        self.power_reset(true)?;
        let slot = send().inspect_err(|_| self.set_lost())?;
        if wait {
            self.kccb_wait(slot, ccb::TIMEOUT)
                .inspect_err(|_| self.set_lost())?;
        }
        Ok(())
    }
}

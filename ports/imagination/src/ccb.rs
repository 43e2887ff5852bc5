//! The circular buffers of commands between the kernel and the firmware (`pvr_ccb.c`).

use drm_core::errno::{Errno, Result};
use drm_core::machine::Deadline;
use drm_core::sync::Arc;

use crate::buffer::PvrGem;
use crate::device::PvrDevice;
use crate::fw::{FwObject, Mapped};
use crate::fwif::{self, ccb_ctl, get32, put32};
use crate::uapi::BoFlags;

/// How long the driver waits for the firmware, in nanoseconds.
pub(crate) const TIMEOUT: u64 = 1_000_000_000;

/// One buffer (`struct pvr_ccb`).
pub(crate) struct Ccb<B: PvrGem> {
    pub(crate) ctrl: Mapped<B>,
    pub(crate) ccb: Mapped<B>,
}

impl<B: PvrGem> Ccb<B> {
    /// A buffer of `1 << log2` commands (`pvr_ccb_init`). Errors of firmware objects.
    pub(crate) fn new(pvr: &PvrDevice<B>, log2: u32) -> Result<Self> {
        let uncached = BoFlags::BYPASS_DEVICE_CACHE;
        let init = move |map: &drm_core::memory::KernelMap| {
            put32(map, ccb_ctl::WRITE_OFFSET, 0)?;
            put32(map, ccb_ctl::READ_OFFSET, 0)?;
            put32(map, ccb_ctl::WRAP_MASK, (1 << log2) - 1)?;
            put32(map, ccb_ctl::CMD_SIZE, fwif::CMD_SIZE as u32)
        };
        let ctrl = pvr.fw_object_create_and_map(ccb_ctl::SIZE, uncached, Some(Box::new(init)))?;
        match pvr.fw_object_create_and_map(fwif::CMD_SIZE << log2, uncached, None) {
            Ok(ccb) => Ok(Self { ctrl, ccb }),
            Err(error) => {
                ctrl.unmap_and_destroy(pvr);
                Err(error)
            }
        }
    }

    /// `pvr_ccb_fini`.
    pub(crate) fn fini(&self, pvr: &PvrDevice<B>) {
        self.ccb.unmap_and_destroy(pvr);
        self.ctrl.unmap_and_destroy(pvr);
    }

    fn offsets(&self) -> Result<(u32, u32)> {
        Ok((
            get32(&self.ctrl.map, ccb_ctl::READ_OFFSET)?,
            get32(&self.ctrl.map, ccb_ctl::WRITE_OFFSET)?,
        ))
    }

    fn wrap(&self, offset: u32) -> Result<u32> {
        Ok(offset & get32(&self.ctrl.map, ccb_ctl::WRAP_MASK)?)
    }
}

impl<B: PvrGem> PvrDevice<B> {
    /// Sends a command to the firmware; the slot where its answer will be (`pvr_kccb_send_cmd`).
    ///
    /// # Errors
    ///
    /// `EBUSY` when the buffer stays full for a second; `EIO` without a firmware.
    pub(crate) fn kccb_send(&self, kind: u32, args: &[u32]) -> Result<u32> {
        let mem = self.fw_mem().ok_or(Errno::EIO)?;
        if self.is_lost() {
            self.machine().warn("pvr_ccb.c: pvr_dev->lost");
        }
        let kccb = &mem.kccb;
        let full = || {
            let (read, write) = kccb.offsets().unwrap_or_default();
            kccb.wrap(write.wrapping_add(1)) == Ok(read)
        };
        if full() {
            let deadline = Deadline::At(self.machine().clock().now() + TIMEOUT);
            self.machine()
                .wait_until(deadline, || !full())
                .map_err(|_| Errno::EBUSY)?;
        }
        let (_, slot) = kccb.offsets()?;
        let mut words = [0; fwif::CMD_SIZE as usize / 4];
        words[0] = kind;
        for (word, value) in words[2..].iter_mut().zip(args) {
            *word = *value;
        }
        let at = u64::from(slot) * fwif::CMD_SIZE;
        kccb.ccb.map.write(at, bytemuck::cast_slice(&words))?;
        put32(&mem.kccb_rtn.map, 4 * u64::from(slot), 0)?;
        let next = kccb.wrap(slot.wrapping_add(1))?;
        put32(&kccb.ctrl.map, ccb_ctl::WRITE_OFFSET, next)?;
        self.gpu().kick();
        Ok(slot)
    }

    /// Waits for the answer to a command (`pvr_kccb_wait_for_completion`). `ETIMEDOUT`.
    pub(crate) fn kccb_wait(&self, slot: u32, timeout: u64) -> Result<u32> {
        let mem = self.fw_mem().ok_or(Errno::EIO)?;
        let answer = || get32(&mem.kccb_rtn.map, 4 * u64::from(slot)).unwrap_or(0);
        let deadline = Deadline::At(self.machine().clock().now() + timeout);
        let executed = || answer() & fwif::RTN_EXECUTED != 0;
        match self.machine().wait_until(deadline, executed) {
            Ok(()) => Ok(answer()),
            Err(_) => Err(Errno::ETIMEDOUT),
        }
    }

    /// Does what the firmware asks for (`pvr_fwccb_process`).
    pub(crate) fn fwccb_process(&self) {
        while let Some(words) = self.fwccb_next() {
            let args = &words[2..];
            match words[0] {
                fwif::fwccb::REQUEST_GPU_RESTART => {
                    let _ignored = self.power_reset(false);
                }
                fwif::fwccb::FREELISTS_RECONSTRUCTION => self.process_reconstruct_req(args),
                fwif::fwccb::FREELIST_GROW => self.process_grow_req(args[0]),
                kind => self.log(format!("Received unknown FWCCB command {kind:x}")),
            }
        }
    }

    fn fwccb_next(&self) -> Option<Vec<u32>> {
        let mem = self.fw_mem()?;
        let (read, write) = mem.fwccb.offsets().ok()?;
        if read == write {
            return None;
        }
        let at = u64::from(read) * fwif::CMD_SIZE;
        let words = (0..fwif::CMD_SIZE / 4).map(|word| get32(&mem.fwccb.ccb.map, at + 4 * word));
        let words = words.collect::<Result<Vec<u32>>>().ok()?;
        let next = mem.fwccb.wrap(read.wrapping_add(1)).ok()?;
        put32(&mem.fwccb.ctrl.map, ccb_ctl::READ_OFFSET, next).ok()?;
        Some(words)
    }

    /// Asks the firmware to forget something before it is freed (`pvr_fw_structure_cleanup`).
    ///
    /// # Errors
    ///
    /// `EIO` without hardware; `EBUSY` when the firmware uses it; `ETIMEDOUT`.
    pub(crate) fn fw_structure_cleanup(
        &self,
        kind: u32,
        object: &Arc<FwObject<B>>,
        offset: u32,
    ) -> Result {
        self.enter()?;
        let slot = self.kccb_send(fwif::kccb::CLEANUP, &[kind, object.addr() + offset])?;
        let answer = self.kccb_wait(slot, TIMEOUT)?;
        if answer & fwif::RTN_CLEANUP_BUSY != 0 {
            return Err(Errno::EBUSY);
        }
        Ok(())
    }
}

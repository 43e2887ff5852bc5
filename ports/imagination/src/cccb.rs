//! The circular buffer of a client: jobs on their way to the firmware (`pvr_cccb.c`).

use drm_core::errno::Result;
use drm_core::memory::KernelMap;
use drm_core::sync::Mutex;

use crate::buffer::PvrGem;
use crate::device::PvrDevice;
use crate::fw::Mapped;
use crate::fwif::{ccb_cmd, cccb_ctl, get32, put32};
use crate::uapi::BoFlags;

/// `log2` of the bytes of a buffer, the same for every kind of job.
const SIZE_LOG2: u32 = 15;
/// Bytes of a buffer.
const SIZE: u32 = 1 << SIZE_LOG2;

/// One buffer (`struct pvr_cccb`).
pub(crate) struct Cccb<B: PvrGem> {
    pub(crate) ctrl: Mapped<B>,
    pub(crate) ccb: Mapped<B>,
    write_offset: Mutex<u32>,
}

impl<B: PvrGem> Cccb<B> {
    /// An empty buffer (`pvr_cccb_init`). Errors of firmware objects.
    pub(crate) fn new(pvr: &PvrDevice<B>) -> Result<Self> {
        let uncached = BoFlags::BYPASS_DEVICE_CACHE;
        let init = move |map: &KernelMap| {
            put32(map, cccb_ctl::WRITE_OFFSET, 0)?;
            put32(map, cccb_ctl::READ_OFFSET, 0)?;
            put32(map, cccb_ctl::DEP_OFFSET, 0)?;
            put32(map, cccb_ctl::WRAP_MASK, SIZE - 1)
        };
        let ctrl = pvr.fw_object_create_and_map(cccb_ctl::SIZE, uncached, Some(Box::new(init)))?;
        match pvr.fw_object_create_and_map(SIZE.into(), uncached, None) {
            Ok(ccb) => Ok(Self {
                ctrl,
                ccb,
                write_offset: Mutex::new(0),
            }),
            Err(error) => {
                ctrl.unmap_and_destroy(pvr);
                Err(error)
            }
        }
    }

    /// `pvr_cccb_fini`.
    pub(crate) fn fini(&self, pvr: &PvrDevice<B>) {
        self.ccb.unmap_and_destroy(pvr);
        self.ctrl.unmap_and_destroy(pvr);
    }

    /// Whether a command of this size can ever be sent (`pvr_cccb_cmdseq_can_fit`).
    pub(crate) fn can_fit(len: usize) -> bool {
        len <= SIZE as usize / 2
    }

    /// Appends a command behind a header; before the end of the buffer, which it must not cross, it leaves a padding command
    /// (`pvr_cccb_write_command_with_header`). Warns, and drops it, when there is no room.
    pub(crate) fn write(&self, pvr: &PvrDevice<B>, kind: u32, job: u32, data: &[u8]) -> Result {
        let mut write = self.write_offset.lock();
        let len = data.len().next_multiple_of(8) as u32;
        let with_header = len + ccb_cmd::HEADER_SIZE;
        let remaining = SIZE - *write;
        let pads = remaining < with_header + ccb_cmd::HEADER_SIZE;
        let required = with_header + if pads { remaining } else { 0 };
        let read = get32(&self.ctrl.map, cccb_ctl::READ_OFFSET)?;
        let space = read.wrapping_sub(*write).wrapping_add(SIZE - 1) & (SIZE - 1);
        if space < required {
            pvr.machine().warn("pvr_cccb.c: cccb_space < required_size");
            return Ok(());
        }
        if pads {
            let size = remaining - ccb_cmd::HEADER_SIZE;
            self.put_header(*write, ccb_cmd::PADDING, size, 0)?;
            *write = 0;
        }
        self.put_header(*write, kind, len, job)?;
        let at = u64::from(*write + ccb_cmd::HEADER_SIZE);
        self.ccb.map.write(at, data)?;
        *write += with_header;
        Ok(())
    }

    fn put_header(&self, at: u32, kind: u32, size: u32, job: u32) -> Result {
        let mut words = [0u32; ccb_cmd::HEADER_SIZE as usize / 4];
        words[..4].copy_from_slice(&[kind, size, job, job]);
        self.ccb.map.write(at.into(), bytemuck::cast_slice(&words))
    }

    /// What a kick tells the firmware: where it may read to, and how offsets wrap.
    pub(crate) fn kick_args(&self) -> [u32; 2] {
        [*self.write_offset.lock(), SIZE - 1]
    }
}

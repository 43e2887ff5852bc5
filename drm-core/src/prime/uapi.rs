//! What user space asks of a dma-buf by number: flags of an export, flags of a CPU access.

use super::dma_buf::{Direction, DmaBuf};
use crate::device::File;
use crate::errno::{Errno, Result};

/// `O_RDWR`, as `DRM_RDWR`.
const O_RDWR: u32 = 0o2;
/// `O_CLOEXEC`, as `DRM_CLOEXEC`.
const O_CLOEXEC: u32 = 0o2_000_000;

/// `DMA_BUF_SYNC_READ`.
const SYNC_READ: u64 = 1;
/// `DMA_BUF_SYNC_WRITE`.
const SYNC_WRITE: u64 = 2;
/// `DMA_BUF_SYNC_END`; without it an access starts.
const SYNC_END: u64 = 4;

impl File {
    /// [`File::export`] with the flags of the ioctl (`drm_prime_handle_to_fd_ioctl`). `EINVAL` for any but `O_CLOEXEC` and
    /// `O_RDWR`.
    pub fn handle_to_fd(&self, handle: u32, flags: u32) -> Result<DmaBuf> {
        if flags & !(O_CLOEXEC | O_RDWR) != 0 {
            return Err(Errno::EINVAL);
        }
        self.export(handle, flags & O_RDWR != 0)
    }
}

impl DmaBuf {
    /// `DMA_BUF_IOCTL_SYNC`: a CPU access begins, or ends (`dma_buf_ioctl`). `EINVAL` for an unknown flag, or neither
    /// reading nor writing; else the exporter's answer.
    pub fn sync(&self, flags: u64) -> Result {
        if flags & !(SYNC_READ | SYNC_WRITE | SYNC_END) != 0 {
            return Err(Errno::EINVAL);
        }
        let direction = match flags & (SYNC_READ | SYNC_WRITE) {
            SYNC_READ => Direction::FromDevice,
            SYNC_WRITE => Direction::ToDevice,
            0 => return Err(Errno::EINVAL),
            _ => Direction::Bidirectional,
        };
        if flags & SYNC_END != 0 {
            self.end_cpu_access(direction)
        } else {
            self.begin_cpu_access(direction)
        }
    }
}

//! `SYNC_BO`: the CPU caches over an object (`amdxdna_drm_sync_bo_ioctl`, `amdxdna_gem_flush`).

use drm_core::PAGE_SIZE;
use drm_core::errno::{Errno, Result};

use super::gem::AmdxdnaObject;
use crate::uapi::SyncBo;

impl AmdxdnaObject {
    /// `EINVAL` for bytes that are not in the object.
    pub(super) fn sync(&self, args: &SyncBo) -> Result {
        args.offset.checked_add(args.size).ok_or(Errno::EINVAL)?;
        let bytes = self.gem.size();
        if args.offset >= bytes {
            return Err(Errno::EINVAL);
        }
        self.flush(args.offset, args.size.min(bytes - args.offset))
    }

    /// Flushes a range, with the pages pinned meanwhile: all of an import; else through the kernel's mapping, which is made for that
    /// and kept; else by the pages. `EINVAL` without any.
    pub(super) fn flush(&self, offset: u64, size: u64) -> Result {
        let pin = self.pin_nolock()?;
        let dma = self.gem.dev().dma();
        let flushed = if self.is_import() {
            Ok(self.gem.size())
        } else if self.kva().is_ok() {
            Ok(size)
        } else if self.backing.is_resident() {
            let pages = (offset + size).div_ceil(PAGE_SIZE) - offset / PAGE_SIZE;
            Ok(pages * PAGE_SIZE)
        } else {
            Err(Errno::EINVAL)
        };
        self.unpin_nolock(pin);
        dma.sync(flushed?);
        Ok(())
    }
}

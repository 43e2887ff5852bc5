//! `SYNC_BO`: the CPU caches over an object (`amdxdna_drm_sync_bo_ioctl`, `amdxdna_gem_flush`).

use drm_core::PAGE_SIZE;
use drm_core::errno::{Errno, Result};

use super::gem::{AmdxdnaObject, to_xdna_obj};
use crate::uapi::SyncBo;

impl AmdxdnaObject {
    /// `EINVAL` for bytes that are not in the object. For a piece of the heap only the ends of the chunks are looked at.
    pub(super) fn sync(&self, args: &SyncBo) -> Result {
        args.offset.checked_add(args.size).ok_or(Errno::EINVAL)?;
        if let Some(piece) = self.piece.get() {
            let overlaps = piece.look(|slice| slice.overlaps(args.offset, args.size))?;
            for (chunk, offset, size) in overlaps {
                to_xdna_obj(&chunk)?.flush(offset, size)?;
            }
            return Ok(());
        }
        let bytes = self.base.base.size();
        if args.offset >= bytes {
            return Err(Errno::EINVAL);
        }
        self.flush(args.offset, args.size.min(bytes - args.offset))
    }

    /// Flushes a range, with the pages pinned meanwhile: all of an import; else through the kernel's mapping, which is made for that
    /// and kept; else by the page array. `EINVAL` without any.
    fn flush(&self, offset: u64, size: u64) -> Result {
        self.pin_nolock()?;
        let dma = self.base.base.dev().dma();
        let flushed = if self.is_import() {
            match &self.base.racy().sgt {
                Some(sgt) => Ok(sgt.entries().iter().map(|run| run.len).sum()),
                None => Err(Errno::EINVAL),
            }
        } else if self.kva().is_ok() {
            Ok(size)
        } else if self.base.racy().pages.is_some() {
            let pages = (offset + size).div_ceil(PAGE_SIZE) - offset / PAGE_SIZE;
            Ok(pages * PAGE_SIZE)
        } else {
            Err(Errno::EINVAL)
        };
        self.unpin_nolock();
        dma.sync(flushed?);
        Ok(())
    }
}

//! A device BO (`amdxdna_gem_dev_obj_funcs`): an object without pages, made of a part of the driver's own.

use drm_core::errno::{Errno, Result};
use drm_core::gem::{Gem, Gone, Header, IosysMap};
use drm_core::memory::KernelMap;
use drm_core::resv::ResvGuard;
use drm_core::sync::Mutex;
use gem_uma::{New, Part, UmaObject};

use super::gem::{AmdxdnaObject, to_xdna_obj};
use crate::piece::Piece;
use crate::uapi::SyncBo;

impl Part for Piece {
    fn teardown(&self, _gone: &Gone) {
        self.give_back();
    }
}

/// What `abo->lock` protects.
#[derive(Default)]
struct Locked {
    pinned: bool,
    kva: Option<KernelMap>,
}

/// A piece of the heap: it has no pages, is mapped by no process, and goes to no other device.
#[derive(UmaObject)]
#[uma(free_before = Self::free_own, vmap = Self::vmap_own, export = refuse(EOPNOTSUPP), status = none, rss = none)]
pub(crate) struct DevObject {
    #[uma(gem)]
    pub(crate) gem: Header,
    #[uma(part)]
    pub(crate) piece: Piece,
    lock: Mutex<Locked>,
}

impl DevObject {
    /// Builds the parts of an object that is being made.
    pub(super) fn new(new: New, piece: Piece) -> Result<Self> {
        Ok(Self {
            piece,
            lock: Mutex::default(),
            gem: new.into_gem(),
        })
    }

    /// Whether it is pinned and mapped for the kernel.
    pub(crate) fn look(&self) -> (bool, bool) {
        let locked = self.lock.lock();
        (locked.pinned, locked.kva.is_some())
    }

    /// The chunks that it lies in.
    fn chunks(&self) -> Result<Vec<Gem<AmdxdnaObject>>> {
        let chunks = self.piece.look(|slice| slice.chunks())?;
        chunks.iter().map(to_xdna_obj).collect()
    }

    /// Gives back what it pinned for good.
    fn free_own(&self, _gone: &Gone) {
        if self.lock.lock().pinned {
            let chunks = self.chunks().into_iter().flatten();
            chunks.for_each(|chunk| chunk.unpin());
        }
    }

    /// A piece of the heap is seen through the mapping of its chunk (`amdxdna_gem_dev_obj_vmap`).
    fn vmap_own(&self, _guard: &mut ResvGuard) -> Result<IosysMap> {
        self.kva().map(IosysMap::System)
    }

    /// The kernel's mapping, looked up the first time and kept (`amdxdna_gem_vmap`).
    pub(super) fn kva(&self) -> Result<KernelMap> {
        let mut locked = self.lock.lock();
        if let Some(kva) = &locked.kva {
            return Ok(kva.clone());
        }
        let (chunk, offset, size) = self.piece.chunk()?;
        let map = to_xdna_obj(&chunk)?.kva()?.slice(offset, size);
        Ok(locked.kva.insert(map.ok_or(Errno::EINVAL)?).clone())
    }

    /// Pins its chunks, once and for good.
    pub(super) fn pin_argument(&self) -> Result {
        let mut locked = self.lock.lock();
        if !locked.pinned {
            self.chunks()?.iter().try_for_each(|chunk| chunk.pin())?;
            locked.pinned = true;
        }
        Ok(())
    }

    /// Flushes a range of the piece, and nothing beyond it. `EINVAL` for bytes that are not in it.
    pub(super) fn sync(&self, args: &SyncBo) -> Result {
        args.offset.checked_add(args.size).ok_or(Errno::EINVAL)?;
        let bytes = self.gem.size();
        if args.offset >= bytes {
            return Err(Errno::EINVAL);
        }
        let size = args.size.min(bytes - args.offset);
        let overlaps = self.piece.look(|slice| slice.overlaps(args.offset, size))?;
        for (chunk, offset, size) in overlaps {
            to_xdna_obj(&chunk)?.flush(offset, size)?;
        }
        Ok(())
    }
}

//! A piece of the heap (`amdxdna_gem_dev_obj_funcs`): an object without pages, and the part of the driver's own that it is made of.

use drm_core::errno::{Errno, Result};
use drm_core::gem::{Gem, Gone, Header, IosysMap};
use drm_core::memory::KernelMap;
use drm_core::resv::ResvGuard;
use drm_core::sync::{Arc, Mutex, Weak};
use gem_uma::{New, Part, UmaObject};

use super::gem::{AmdxdnaObject, to_xdna_obj};
use crate::client::{Client, Slice};
use crate::uapi::SyncBo;

/// Addresses in the heap of a file, and the chunks that they lie in.
///
/// Having a `HeapSlice` tells you that the addresses are the object's alone, and that the chunks stay for as long as it does; not that a
/// process has them mapped.
///
/// # Invariants
///
/// The piece goes back to its heap once: when the object dies, or when it never came to be one.
pub(crate) struct HeapSlice {
    client: Weak<Client>,
    slice: Mutex<Option<Slice>>,
}

impl HeapSlice {
    fn new(client: &Arc<Client>, slice: Slice) -> Self {
        Self {
            client: Arc::downgrade(client),
            slice: Mutex::new(Some(slice)),
        }
    }

    /// Runs `look` on the piece. `EINVAL` once it went back.
    pub(crate) fn look<R>(&self, look: impl FnOnce(&Slice) -> R) -> Result<R> {
        self.slice.lock().as_ref().map(look).ok_or(Errno::EINVAL)
    }

    /// The chunks that it lies in.
    fn chunks(&self) -> Result<Vec<Gem<AmdxdnaObject>>> {
        let chunks = self.look(|slice| slice.chunks())?;
        chunks.iter().map(to_xdna_obj).collect()
    }

    /// The piece in the kernel's mapping of its chunk. `ENOMEM` for one that lies in two.
    fn kernel_map(&self) -> Result<KernelMap> {
        let chunks = self.chunks()?;
        let [chunk] = chunks.as_slice() else {
            return Err(Errno::ENOMEM);
        };
        let (offset, size) = self.look(|slice| (slice.offset(), slice.size()))?;
        chunk.kva()?.slice(offset, size).ok_or(Errno::EINVAL)
    }

    fn give_back(&self) {
        let slice = self.slice.lock().take();
        if let (Some(slice), Some(client)) = (slice, self.client.upgrade()) {
            client.give_back(slice);
        }
    }
}

impl Part for HeapSlice {
    fn teardown(&self, _gone: &Gone) {
        self.give_back();
    }
}

impl Drop for HeapSlice {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// A device BO: it has no pages, is mapped by no process, and goes to no other device.
#[derive(UmaObject)]
#[uma(free_before = Self::free_own, vmap = Self::vmap_own, export = refuse(EOPNOTSUPP), status = none, rss = none)]
pub(crate) struct DevObject {
    #[uma(gem)]
    pub(crate) gem: Header,
    #[uma(part)]
    pub(crate) slice: HeapSlice,
    /// Whether it pinned its chunks for good.
    pinned: Mutex<bool>,
    /// The kernel's mapping, kept until the object is freed.
    kva: Mutex<Option<KernelMap>>,
}

impl DevObject {
    /// Builds the parts of an object that is being made.
    pub(super) fn new(new: New, client: &Arc<Client>, slice: Slice) -> Result<Self> {
        Ok(Self {
            slice: HeapSlice::new(client, slice),
            pinned: Mutex::default(),
            kva: Mutex::default(),
            gem: new.into_gem(),
        })
    }

    /// Whether it is pinned and mapped for the kernel.
    pub(crate) fn look(&self) -> (bool, bool) {
        (*self.pinned.lock(), self.kva.lock().is_some())
    }

    fn free_own(&self, _gone: &Gone) {
        if std::mem::take(&mut *self.pinned.lock()) {
            for chunk in self.slice.chunks().into_iter().flatten() {
                chunk.unpin();
            }
        }
    }

    fn vmap_own(&self, _guard: &mut ResvGuard) -> Result<IosysMap> {
        Ok(IosysMap::System(self.slice.kernel_map()?))
    }

    /// The kernel's mapping, made the first time and kept (`amdxdna_gem_vmap`).
    pub(super) fn kva(&self) -> Result<KernelMap> {
        let mut kva = self.kva.lock();
        if let Some(kva) = &*kva {
            return Ok(kva.clone());
        }
        Ok(kva.insert(self.slice.kernel_map()?).clone())
    }

    /// Pins the chunks, once and for good.
    pub(super) fn pin_argument(&self) -> Result {
        let mut pinned = self.pinned.lock();
        if !*pinned {
            for chunk in self.slice.chunks()? {
                chunk.pin()?;
            }
            *pinned = true;
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
        let overlaps = self.slice.look(|slice| slice.overlaps(args.offset, size))?;
        for (chunk, offset, size) in overlaps {
            to_xdna_obj(&chunk)?.flush(offset, size)?;
        }
        Ok(())
    }
}

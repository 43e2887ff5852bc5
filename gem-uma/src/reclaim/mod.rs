//! What of an object may be thrown away, and when.

mod class;
mod device;
mod evict;
mod figure;
mod list;
mod options;
mod tracker;
mod vm;

use std::fmt;

pub use class::{Class, Live};
pub use device::{DeviceReclaim, ReclaimPages};
pub use evict::{CpuMapped, DeviceMapped, Eviction, GpuMapped, GpuMaps, Unmapped, evict};
pub use list::PurgeList;
pub use options::{Advice, ReclaimOptions};
pub(crate) use tracker::Tracker;
pub use vm::VmReclaim;

use drm_core::errno::{Errno, Result};
use drm_core::gem::{Gone, Header};
use drm_core::resv::{LockedBy, ResvGuard};
use drm_core::sync::Arc;
use drm_core::sync::atomic::{self, AtomicI32, Ordering};

use crate::backing::Backing;
use crate::device_map::DeviceMap;
use crate::new::New;
use crate::part::Part;

/// The advice of user space about one object, and what follows from it.
///
/// Having a `Reclaim` tells you that the object may be thrown away when user space says so; not that it ever is.
///
/// # Invariants
///
/// `advice` is below 0 for good once it is. It is written with the reservation held; `shown` is the copy for readers
/// without.
pub struct Reclaim {
    options: ReclaimOptions,
    advice: LockedBy<i32>,
    shown: AtomicI32,
    place: list::Place,
    tracker: Option<Arc<Tracker>>,
}

impl fmt::Debug for Reclaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reclaim")
            .field("advice", &self.advice())
            .field("class", &self.class())
            .field("listed", &self.is_listed())
            .finish_non_exhaustive()
    }
}

impl Reclaim {
    /// The advice about a new object: it is needed.
    #[must_use]
    pub fn new(new: &New, options: ReclaimOptions) -> Self {
        Self {
            options,
            advice: LockedBy::new(new.resv_slot(), 0),
            shown: AtomicI32::new(0),
            place: list::Place::default(),
            tracker: new.tracker(),
        }
    }

    /// Takes advice, unless the object is purged (in the place of `drm_gem_shmem_madvise`). Whether the contents are retained.
    ///
    /// `EINVAL` for a number that the options do not know; nothing changes then.
    pub fn madvise(&self, guard: &mut ResvGuard, advice: i32) -> Result<bool> {
        if self.options.advice == Advice::Known && !(0..=1).contains(&advice) {
            return Err(Errno::EINVAL);
        }
        let mut current = self.advice.get_mut(guard);
        if *current >= 0 {
            *current = advice;
            self.shown.store(advice, Ordering::SeqCst);
        }
        Ok(*current >= 0)
    }

    /// Takes any number for advice, unless the object is purged.
    pub(crate) fn set_advice(&self, guard: &mut ResvGuard, advice: i32) {
        let mut current = self.advice.get_mut(guard);
        if *current >= 0 {
            *current = advice;
            self.shown.store(advice, Ordering::SeqCst);
        }
    }

    /// The advice: 0 needed, above 0 may be thrown away, below 0 thrown away (`madv`). Without the reservation the answer may
    /// be old.
    #[must_use]
    pub fn advice(&self) -> i32 {
        self.shown.load(Ordering::SeqCst)
    }

    /// Whether the contents were thrown away.
    #[must_use]
    pub fn is_purged(&self) -> bool {
        self.advice() < 0
    }

    /// Whether the contents may be thrown away.
    #[must_use]
    pub fn is_discardable(&self) -> bool {
        self.advice() > 0
    }

    /// Whether [`Reclaim::purge`] would do anything (in the place of `drm_gem_shmem_is_purgeable`): advised, mapped for the
    /// device, not pinned, not exported, no import. Without the reservation the answer may be old.
    #[must_use]
    pub fn is_purgeable(&self, gem: &Header, backing: &Backing, device: &DeviceMap) -> bool {
        self.is_discardable()
            && device.is_mapped()
            && backing.pins() == 0
            && !gem.has_dma_buf()
            && !backing.is_import()
    }

    /// Throws the contents away (in the place of `drm_gem_shmem_purge`): user mappings, device map, pages, file, mmap offset.
    /// GPU mappings must be gone: the driver unmaps first. Mappings of processes stay, and fault with `SIGBUS`.
    ///
    /// `EBUSY` for an object that is not purgeable, or whose table is in use; nothing changes then.
    pub fn purge(
        &self,
        guard: &mut ResvGuard,
        gem: &Header,
        backing: &Backing,
        device: &DeviceMap,
    ) -> Result {
        if !self.is_purgeable(gem, backing, device) {
            return Err(Errno::EBUSY);
        }
        gem.zap_user_mappings();
        device.unmap(guard, backing)?;
        self.discard(guard, gem, backing);
        Ok(())
    }

    /// The end of a purge, when nobody but processes maps the object, and those were zapped.
    fn discard(&self, guard: &mut ResvGuard, gem: &Header, backing: &Backing) {
        *self.advice.get_mut(guard) = -1;
        self.shown.store(-1, Ordering::SeqCst);
        backing.discard(guard);
        gem.free_mmap_offset();
    }

    /// How hard the object is to reclaim; without lists ([`crate::New::reclaimed_by`]) it is not reclaimed at all. Without
    /// the reservation the answer may be old.
    #[must_use]
    pub fn class(&self) -> Class {
        self.tracker
            .as_ref()
            .map_or(Class::Unreclaimable, |tracker| tracker.class())
    }

    /// How often the object was evicted: tells "never had pages" from "has none now". Saturates.
    #[must_use]
    pub fn evictions(&self) -> u32 {
        self.tracker
            .as_ref()
            .map_or(0, |tracker| tracker.evictions())
    }
}

impl Part for Reclaim {
    fn teardown(&self, _gone: &Gone) {
        self.place.leave();
        if let Some(tracker) = &self.tracker {
            tracker.died();
        }
    }
}

//! What the parts of one object tell about it, and the list that follows.

use std::fmt;

use drm_core::gem::{Header, WeakGem};
use drm_core::sync::{Mutex, OnceLock};

use super::class::{Class, Facts, Live};
use super::device::DeviceReclaim;
use super::figure::Times;

#[derive(Debug, Default)]
struct State {
    facts: Facts,
    class: Class,
}

/// The class of one object, kept by its parts.
///
/// Its lock is inside the reservation and the lock of the GPU mappings; only the lists are locked under it.
pub(crate) struct Tracker {
    device: DeviceReclaim,
    object: OnceLock<WeakGem>,
    state: Mutex<State>,
    evictions: Times,
    pages: u64,
}

impl fmt::Debug for Tracker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracker")
            .field("class", &self.class())
            .field("evictions", &self.evictions())
            .finish_non_exhaustive()
    }
}

impl Tracker {
    pub(crate) fn new(device: &DeviceReclaim, pages: u64) -> Self {
        Self {
            pages,
            device: device.clone(),
            object: OnceLock::new(),
            state: Mutex::default(),
            evictions: Times::default(),
        }
    }

    /// The object is whole: from now on it is listed.
    pub(crate) fn born(&self, gem: &Header) {
        if let Some(weak) = gem.downgrade() {
            // Set once, by the one who made the object.
            let _ = self.object.set(weak);
            self.change(|_| {});
        }
    }

    /// The object died: it leaves the figures; its header leaves the lists.
    pub(crate) fn died(&self) {
        let class = std::mem::take(&mut self.state.lock().class);
        if class.is_gpu_mapped() {
            self.device.forget_gpu_mapped(self.pages);
        }
    }

    pub(crate) fn class(&self) -> Class {
        self.state.lock().class
    }

    pub(crate) fn evictions(&self) -> u32 {
        self.evictions.get()
    }

    /// One more eviction; the count saturates.
    pub(crate) fn evicted(&self) {
        self.evictions.once_more();
    }

    /// The pages: there or not, pinned or not. With the reservation held.
    pub(crate) fn pages(&self, resident: bool, pinned: bool) {
        self.change(|facts| {
            facts.resident = resident;
            facts.pinned = pinned;
        });
    }

    /// Whether a process maps the object. With the reservation held.
    pub(crate) fn mmapped(&self, mmapped: bool) {
        self.change(|facts| facts.mmapped = mmapped);
    }

    /// Where the device maps the object. With the lock of the GPU mappings held.
    pub(crate) fn live(&self, live: Live) {
        self.change(|facts| facts.live = live);
    }

    fn change(&self, change: impl FnOnce(&mut Facts)) {
        // A reference taken here is dropped after the lock is.
        let object = self.object.get().and_then(WeakGem::upgrade);
        let mut state = self.state.lock();
        let from = state.facts.live.clone();
        change(&mut state.facts);
        let class = state.facts.class();
        let Some(object) = &object else {
            return;
        };
        let moved = class == Class::GpuMappedSingleVm && !from.same_list(&state.facts.live);
        if class != state.class || moved {
            let before = std::mem::replace(&mut state.class, class);
            self.device
                .place(object.gem(), before, class, &state.facts.live);
        }
    }
}

//! The base class, and what a driver's struct that embeds it must offer.

use std::fmt;

use drm_core::gem::{self, Header};
use drm_core::machine::Machine;
use drm_core::resv::{LockedBy, ResvGuard};

use super::fields::{Fields, Flag};
use super::list::ListNode;

/// `struct drm_gem_shmem_object`, to be embedded in a driver's struct.
#[cfg_attr(feature = "locate", deprecated(note = "F01"))]
pub struct Object {
    /// The GEM object.
    #[cfg_attr(feature = "locate", deprecated(note = "F01"))]
    pub base: Header,
    /// For the driver; the helper never uses it.
    #[cfg_attr(feature = "locate", deprecated(note = "F07"))]
    pub madv_list: ListNode,
    /// Whether CPU mappings are write-combined.
    #[cfg_attr(feature = "locate", deprecated(note = "F10"))]
    pub map_wc: Flag,
    /// Whether pages are marked dirty when they are put.
    #[cfg_attr(feature = "locate", deprecated(note = "F11"))]
    pub pages_mark_dirty_on_put: Flag,
    /// Whether pages are marked accessed when they are put.
    #[cfg_attr(feature = "locate", deprecated(note = "F12"))]
    pub pages_mark_accessed_on_put: Flag,
    pub(super) fields: LockedBy<Fields>,
}

/// A driver's object: a struct that embeds [`Object`].
#[cfg_attr(feature = "locate", deprecated(note = "F01"))]
pub trait Subclass: gem::Object {
    /// The embedded base class.
    fn base(&self) -> &Object;
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object")
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}

impl Object {
    pub(super) fn new(base: Header) -> Self {
        let fields = LockedBy::new(base.resv_slot(), Fields::default());
        Self {
            base,
            madv_list: ListNode::default(),
            map_wc: Flag::default(),
            pages_mark_dirty_on_put: Flag::default(),
            pages_mark_accessed_on_put: Flag::default(),
            fields,
        }
    }

    pub(super) fn machine(&self) -> &Machine {
        self.base.machine()
    }

    /// The fields, under the object's reservation lock.
    pub fn locked<'a>(
        &'a self,
        guard: &'a mut ResvGuard,
    ) -> impl std::ops::DerefMut<Target = Fields> + 'a {
        self.fields.get_mut(guard)
    }

    /// The fields read without the lock, as C lets anyone do. Another thread may change them at any time after.
    #[cfg_attr(feature = "locate", deprecated(note = "F30"))]
    pub fn racy(&self) -> impl std::ops::Deref<Target = Fields> + '_ {
        loop {
            if let Some(fields) = self.fields.peek() {
                return fields;
            }
            std::thread::yield_now();
        }
    }

    /// The fields changed without the lock, as C lets anyone do.
    #[cfg_attr(feature = "locate", deprecated(note = "F30"))]
    pub fn racy_mut(&self) -> impl std::ops::DerefMut<Target = Fields> + '_ {
        loop {
            if let Some(fields) = self.fields.peek_mut() {
                return fields;
            }
            std::thread::yield_now();
        }
    }
}

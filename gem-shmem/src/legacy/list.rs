//! The list node that the helper gives to drivers and never uses itself (`madv_list`).

use std::collections::VecDeque;

use drm_core::gem::{Header, WeakGem};
use drm_core::sync::Mutex;
use drm_core::sync::atomic::{AtomicBool, Ordering};

use super::object::Object;

/// Whether an object is in a driver's list (`struct list_head` as a member).
#[derive(Debug, Default)]
pub struct ListNode(AtomicBool);

impl ListNode {
    /// Whether it is linked (`!list_empty`).
    #[must_use]
    pub fn is_linked(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// A driver's list of objects (`struct list_head` as a head). The driver's lock is around it.
#[derive(Debug, Default)]
#[cfg_attr(feature = "locate", deprecated(note = "F07"))]
pub struct List(Mutex<VecDeque<WeakGem>>);

impl List {
    /// Puts an object at the tail, taking it out first if it is linked (`list_move_tail`).
    #[cfg_attr(feature = "locate", deprecated(note = "F07"))]
    pub fn move_tail(&self, object: &Object) {
        self.del(object);
        if let Some(weak) = object.base.downgrade() {
            self.0.lock().push_back(weak);
            object.madv_list.0.store(true, Ordering::SeqCst);
        }
    }

    /// Takes an object out, if it is linked (`list_del_init`).
    #[cfg_attr(feature = "locate", deprecated(note = "F07"))]
    pub fn del(&self, object: &Object) {
        if object.madv_list.0.swap(false, Ordering::SeqCst) {
            self.0.lock().retain(|weak| !weak.is_of(&object.base));
        }
    }

    /// The objects, from the head; those that are dying are among them.
    #[must_use]
    #[cfg_attr(feature = "locate", deprecated(note = "F07"))]
    pub fn objects(&self) -> Vec<WeakGem> {
        self.0.lock().iter().cloned().collect()
    }

    /// Whether an object is in this list.
    #[must_use]
    #[cfg_attr(feature = "locate", deprecated(note = "F07"))]
    pub fn contains(&self, header: &Header) -> bool {
        self.0.lock().iter().any(|weak| weak.is_of(header))
    }
}

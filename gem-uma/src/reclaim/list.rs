//! A driver's list of objects that may be purged, oldest first.

use std::collections::BTreeMap;
use std::fmt;

use drm_core::gem::{Header, WeakGem};
use drm_core::sync::{Arc, Mutex};

use super::Reclaim;

#[derive(Default)]
struct Inner {
    next: u64,
    objects: BTreeMap<u64, WeakGem>,
}

/// Where an object is listed: the list, and the key in it.
#[derive(Default)]
pub(super) struct Place(Mutex<Option<(Arc<Mutex<Inner>>, u64)>>);

impl Place {
    pub(super) fn leave(&self) {
        if let Some((list, key)) = self.0.lock().take() {
            list.lock().objects.remove(&key);
        }
    }
}

/// Objects that user space does not need, in the order in which it said so (in the place of a list through `madv_list`).
///
/// An object is in at most one list, and leaves it when it dies. The list has a lock of its own, innermost; a driver that must
/// keep the list still while it does more holds a lock of its own around it.
#[derive(Clone, Default)]
pub struct PurgeList(Arc<Mutex<Inner>>);

impl fmt::Debug for PurgeList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PurgeList")
            .field("objects", &self.0.lock().objects.len())
            .finish()
    }
}

impl PurgeList {
    /// Puts an object at the tail, taking it out of the list that it is in (`list_move_tail`).
    pub fn move_tail(&self, gem: &Header, reclaim: &Reclaim) {
        let Some(object) = gem.downgrade() else {
            return;
        };
        let mut place = reclaim.place.0.lock();
        if let Some((list, key)) = place.take() {
            list.lock().objects.remove(&key);
        }
        let mut inner = self.0.lock();
        let key = inner.next;
        inner.next += 1;
        inner.objects.insert(key, object);
        *place = Some((Arc::clone(&self.0), key));
    }

    /// Takes an object out of whatever list it is in (`list_del_init`).
    pub fn remove(&self, reclaim: &Reclaim) {
        reclaim.place.leave();
    }

    /// Whether an object is in this list.
    #[must_use]
    pub fn contains(&self, reclaim: &Reclaim) -> bool {
        let place = reclaim.place.0.lock();
        place
            .as_ref()
            .is_some_and(|(list, _)| Arc::ptr_eq(list, &self.0))
    }

    /// The objects, oldest first; those that are dying are among them.
    #[must_use]
    pub fn objects(&self) -> Vec<WeakGem> {
        self.0.lock().objects.values().cloned().collect()
    }
}

impl Reclaim {
    /// Whether the object is in a list.
    #[must_use]
    pub fn is_listed(&self) -> bool {
        self.place.0.lock().is_some()
    }
}

//! LRU lists of objects, for shrinkers (`drm_gem_lru`).

use std::collections::BTreeMap;
use std::fmt;

use slab::Slab;

use super::header::Header;
use super::reference::{Gem, WeakGem};
use crate::resv::ResvGuard;
use crate::sync::{Arc, Mutex};

#[derive(Default)]
struct List {
    /// Objects by the order in which they came; the least recently used is first.
    objects: BTreeMap<u64, WeakGem>,
    pages: u64,
}

#[derive(Default)]
struct Lists {
    next: u64,
    lists: Slab<List>,
}

/// The lock that the LRU lists of one device share (`gem_lru_mutex`). It is innermost: nothing is locked under it.
#[derive(Clone, Default)]
pub struct LruLock(Arc<Mutex<Lists>>);

impl fmt::Debug for LruLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LruLock")
            .field("lists", &self.lists())
            .finish()
    }
}

impl LruLock {
    /// How many lists there are under this lock.
    #[must_use]
    pub fn lists(&self) -> usize {
        self.0.lock().lists.len()
    }

    /// A new empty list under this lock.
    #[must_use]
    pub fn new_list(&self) -> Lru {
        let index = self.0.lock().lists.insert(List::default());
        Lru(Arc::new(Place {
            lock: self.clone(),
            index,
        }))
    }
}

/// One list. An object is in at most one list; a clone is the same list, which is there while somebody has it or it lists
/// something.
#[derive(Clone, Debug)]
pub struct Lru(Arc<Place>);

/// Where a list is kept.
#[derive(Debug)]
struct Place {
    lock: LruLock,
    index: usize,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.lock.0.lock().lists.remove(self.index);
    }
}

/// Where an object is listed; part of its header.
#[derive(Debug, Default)]
pub struct Membership(Mutex<Option<(Lru, u64)>>);

impl Membership {
    /// The list that the object is in.
    #[must_use]
    pub fn list(&self) -> Option<Lru> {
        self.0.lock().as_ref().map(|(lru, _)| lru.clone())
    }

    /// Takes the object out of its list, if it is in one (`drm_gem_lru_remove`).
    pub fn leave(&self, header: &Header) {
        let mut place = self.0.lock();
        if let Some((lru, key)) = place.take() {
            let Place { lock, index } = &*lru.0;
            lock.0.lock().lists[*index].remove(key, header.pages());
        }
    }
}

impl List {
    fn remove(&mut self, key: u64, pages: u64) {
        if self.objects.remove(&key).is_some() {
            self.pages -= pages;
        }
    }
}

/// What a scan did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LruScan {
    /// Pages of objects that the callback freed.
    pub freed: u64,
    /// Pages of objects that could not be locked, or that the callback left where they are.
    pub remaining: u64,
}

impl Lru {
    /// Whether both are the same list.
    #[must_use]
    pub fn is(&self, other: &Lru) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Pages of the objects in the list, resident or not; read without the lock's protection meaning anything.
    #[must_use]
    pub fn pages(&self) -> u64 {
        self.0.lock.0.lock().lists[self.0.index].pages
    }

    /// Puts an object at the tail, taking it out of the list it is in (`drm_gem_lru_move_tail`).
    pub fn move_tail(&self, header: &Header) {
        let Some(weak) = header.downgrade() else {
            return;
        };
        let mut place = header.lru().0.lock();
        // Dropped when the lock is: it may be the last of its list.
        let old = place.take();
        let Place { lock, index } = &*self.0;
        let mut lists = lock.0.lock();
        if let Some((Lru(old), key)) = &old {
            debug_assert!(Arc::ptr_eq(&old.lock.0, &lock.0), "lists of two locks");
            lists.lists[old.index].remove(*key, header.pages());
        }
        let key = lists.next;
        lists.next += 1;
        let list = &mut lists.lists[*index];
        list.objects.insert(key, weak);
        list.pages += header.pages();
        *place = Some((self.clone(), key));
    }

    /// Offers objects to `shrink`, least recently used first, until it freed `nr_to_scan` pages (`drm_gem_lru_scan`).
    ///
    /// Each object is visited at most once, and only if its reservation could be locked at once. An object for which
    /// `shrink` answers `true` must have left the list; one that did not is warned of. Objects visited and still
    /// listed go to the tail, behind those that came meanwhile, in their old order.
    pub fn scan(
        &self,
        nr_to_scan: u64,
        mut shrink: impl FnMut(&Gem, &mut ResvGuard) -> bool,
    ) -> LruScan {
        let mut result = LruScan::default();
        let last = self.0.lock.0.lock().next;
        let mut visited = Vec::new();
        let mut from = 0;
        while result.freed < nr_to_scan {
            let Some((key, weak)) = self.first(from, last) else {
                break;
            };
            from = key + 1;
            let Some(object) = weak.upgrade() else {
                continue;
            };
            visited.push((key, weak));
            let resv = object.gem().resv().clone();
            let Some(mut guard) = resv.try_lock() else {
                result.remaining += object.gem().pages();
                continue;
            };
            let shrunk = shrink(&object, &mut guard);
            let still = self.has(object.gem(), key);
            if shrunk {
                result.freed += object.gem().pages();
                if object.gem().lru().list().is_some_and(|lru| lru.is(self)) {
                    object
                        .gem()
                        .machine()
                        .warn("drm_gem: object shrunk but still in its LRU list");
                }
            } else if still {
                result.remaining += object.gem().pages();
            }
            drop(guard);
        }
        for (key, weak) in visited {
            if let Some(object) = weak.upgrade()
                && self.has(object.gem(), key)
            {
                self.move_tail(object.gem());
            }
        }
        result
    }

    /// Whether an object is still where it was.
    fn has(&self, header: &Header, key: u64) -> bool {
        let place = header.lru().0.lock();
        let here = |(lru, at): &(Lru, u64)| lru.is(self) && *at == key;
        place.as_ref().is_some_and(here)
    }

    fn first(&self, from: u64, last: u64) -> Option<(u64, WeakGem)> {
        let lists = self.0.lock.0.lock();
        let (key, weak) = lists.lists[self.0.index].objects.range(from..last).next()?;
        Some((*key, weak.clone()))
    }
}

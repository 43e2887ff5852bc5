//! Counted references to objects (`drm_gem_object_get`, `drm_gem_object_put`).

use std::any::Any;
use std::fmt;
use std::ops::Deref;

use super::header::{Freed, Header};
use super::object::Object;
use crate::sync::{Arc, Weak};

/// A reference to an object. A clone is one more; the object is freed when the last is dropped.
///
/// Holding it tells you that the object exists; not that it has pages, or a handle.
pub struct Gem<T: Object + ?Sized = dyn Object>(Arc<T>);

/// Proof that an object's last reference is gone: nobody can find it any more, so its state needs no lock.
#[derive(Debug)]
pub struct Gone(());

impl Gone {
    /// Puts the end of an object off: its `free` returns, its memory stays until [`Deferred::finish`]. For a device that answers
    /// before the memory may go. `None` for an object that is put off already.
    #[must_use]
    pub fn defer(&self, header: &Header) -> Option<Deferred> {
        header.keep_for_later().map(|object| Deferred(Some(object)))
    }
}

/// The memory of an object whose `free` has returned before it was done. Dropped unfinished, the object is leaked: nothing of it
/// is released.
#[must_use = "the object is leaked unless it is finished"]
pub struct Deferred(Option<Arc<dyn Object>>);

impl Drop for Deferred {
    fn drop(&mut self) {
        // Nobody knows of it any more: what it holds is lost.
        std::mem::forget(self.0.take());
    }
}

impl Deferred {
    /// Releases the object: `release` first, then what the core holds of it. `false` for an object of another type.
    pub fn finish<T: Object>(mut self, release: impl FnOnce(&T, &Gone)) -> bool {
        let Some(deferred) = self.0.take() else {
            return false;
        };
        let object: &dyn Any = &*deferred;
        let Some(object) = object.downcast_ref::<T>() else {
            self.0 = Some(deferred);
            return false;
        };
        release(object, &Gone(()));
        deferred.gem().release();
        true
    }
}

impl<T: Object> Gem<T> {
    /// The first reference to a fresh object.
    #[must_use]
    pub fn new(object: T) -> Self {
        let object = Arc::new(object);
        object
            .gem()
            .init_refs(Arc::downgrade(&object) as Weak<dyn Object>);
        Self(object)
    }

    /// Gives the object's memory back without its `free`, as the error path of a creation does. Only sound for the only
    /// reference; others keep the object, which then is not freed either.
    pub fn forget(self) {
        self.0.gem().forget_refs();
    }

    /// Frees the object past its own `free`: `release` is called instead. An error path that calls a library's release
    /// directly does this. Only sound for the only reference: others keep the memory of a released object, and the last of them to
    /// go is recorded as the crash that freeing it again is.
    pub fn free_directly(self, release: impl FnOnce(&T, &Gone)) {
        let is_shared = self.0.gem().refs() > 1;
        release(&self.0, &Gone(()));
        self.0.gem().release();
        self.0.gem().set_freed(is_shared);
    }

    /// The same reference, its type forgotten.
    #[must_use]
    pub fn into_dyn(self) -> Gem {
        self.0.gem().get_ref();
        Gem(Arc::clone(&self.0) as Arc<dyn Object>)
        // `self` is dropped here, and takes back the reference counted above.
    }
}

impl Gem {
    /// The first reference to an object whose memory a hook allocated, and its `Weak` of its own.
    #[must_use]
    pub fn adopt(object: Arc<dyn Object>) -> Self {
        object.gem().init_refs(Arc::downgrade(&object));
        Self(object)
    }

    /// The object as a `T`, if it is one.
    #[must_use]
    pub fn downcast<T: Object>(&self) -> Option<Gem<T>> {
        let any: Arc<dyn Any + Send + Sync> = Arc::clone(&self.0) as Arc<dyn Any + Send + Sync>;
        let object = any.downcast::<T>().ok()?;
        object.gem().get_ref();
        Some(Gem(object))
    }

    /// A reference that does not keep the object alive.
    #[must_use]
    pub fn downgrade(&self) -> WeakGem {
        WeakGem(Arc::downgrade(&self.0))
    }

    /// Whether the object is a `T`.
    #[must_use]
    pub fn is_a<T: Object>(&self) -> bool {
        (&*self.0 as &dyn Any).is::<T>()
    }
}

impl<T: Object + ?Sized> Gem<T> {
    /// Whether both refer to the same object.
    #[must_use]
    pub fn is<U: Object + ?Sized>(&self, other: &Gem<U>) -> bool {
        std::ptr::eq(self.0.gem(), other.0.gem())
    }
}

impl<T: Object + ?Sized> Clone for Gem<T> {
    fn clone(&self) -> Self {
        self.0.gem().get_ref();
        Self(Arc::clone(&self.0))
    }
}

impl<T: Object + ?Sized> Drop for Gem<T> {
    fn drop(&mut self) {
        if !self.0.gem().put_ref() {
            return;
        }
        match self.0.gem().freed() {
            None => {
                self.0.free(&Gone(()));
                if self.0.gem().freed().is_none() {
                    self.0.gem().release();
                }
            }
            Some(Freed::Alone | Freed::Later) => {}
            Some(Freed::Shared) => self
                .0
                .gem()
                .machine()
                .oops("drm_gem: an object is freed again whose creator freed it under others"),
        }
    }
}

impl<T: Object + ?Sized> Deref for Gem<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Object + ?Sized> fmt::Debug for Gem<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gem({:?})", self.0.gem())
    }
}

/// A reference that does not keep the object alive: what lists and offset tables hold.
#[derive(Clone)]
pub struct WeakGem(Weak<dyn Object>);

impl WeakGem {
    pub(super) fn new(weak: Weak<dyn Object>) -> Self {
        Self(weak)
    }

    /// A reference, unless the object is dying (`kref_get_unless_zero`).
    #[must_use]
    pub fn upgrade(&self) -> Option<Gem> {
        let object = self.0.upgrade()?;
        object.gem().get_ref_unless_zero().then_some(Gem(object))
    }

    /// Whether it refers to the object with this header.
    #[must_use]
    pub fn is_of(&self, header: &super::Header) -> bool {
        self.0
            .upgrade()
            .is_some_and(|object| std::ptr::eq(object.gem(), header))
    }
}

impl fmt::Debug for WeakGem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WeakGem")
    }
}

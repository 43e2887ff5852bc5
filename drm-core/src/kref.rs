//! Owns reference counts (`struct kref`, with the `refcount_t` below it).

use crate::sync::atomic::{AtomicUsize, Ordering};

/// A reference count.
///
/// # Invariants
///
/// It reaches 0 once: whoever takes it there, and nobody else, is told by [`Kref::put`], and from then on
/// [`Kref::get_unless_zero`] refuses.
#[derive(Debug)]
pub(crate) struct Kref(AtomicUsize);

impl Kref {
    /// A count of `n` references (`kref_init` for 1); 0 for what nobody can refer to yet.
    pub(crate) fn new(n: usize) -> Self {
        Self(AtomicUsize::new(n))
    }

    /// The references, for figures and messages (`kref_read`).
    pub(crate) fn read(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// Gives what was made with a count of 0 its first reference. By the one who made it.
    pub(crate) fn init(&self) {
        self.0.store(1, Ordering::SeqCst);
    }

    /// One more, by somebody who has one (`kref_get`).
    pub(crate) fn get(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    /// One more, unless there is none; whether there was (`kref_get_unless_zero`).
    pub(crate) fn get_unless_zero(&self) -> bool {
        let one_more = |n| (n > 0).then_some(n + 1);
        self.0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_more)
            .is_ok()
    }

    /// One less; whether it was the last (`kref_put`).
    #[must_use = "the last one frees"]
    pub(crate) fn put(&self) -> bool {
        self.0.fetch_sub(1, Ordering::SeqCst) == 1
    }

    /// No later [`Kref::put`] will be the last one: what counts is freed already.
    pub(crate) fn saturate(&self) {
        self.0.fetch_add(usize::MAX / 2, Ordering::SeqCst);
    }
}

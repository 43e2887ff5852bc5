//! What reclaim counts, in every order that the memory model allows: the very file of the library, on the types of `loom`.

#[path = "../src/reclaim/figure.rs"]
mod figure;

/// What `figure` gets its atomics from.
use loom::sync::atomic;

use loom::sync::{Arc, Mutex};
use loom::thread;

use figure::{PageCount, Times};

const SIZE: u64 = 3;

/// An object: the lock of its class keeps what it adds and takes away in order.
struct Object {
    mapped: Mutex<bool>,
    pages: PageCount,
}

impl Object {
    fn set_mapped(&self, to: bool) {
        let mut mapped = self.mapped.lock().expect("not poisoned");
        match (std::mem::replace(&mut *mapped, to), to) {
            (false, true) => self.pages.add(SIZE),
            (true, false) => self.pages.sub(SIZE),
            _ => {}
        }
    }
}

#[test]
fn r22_loom_pages_are_never_below_zero() {
    loom::model(|| {
        let object = Arc::new(Object {
            mapped: Mutex::new(false),
            pages: PageCount::default(),
        });
        let other = Arc::clone(&object);
        let binds = thread::spawn(move || {
            other.set_mapped(true);
            other.set_mapped(false);
        });
        object.set_mapped(true);
        // Nobody's lock: what a shrinker counts.
        assert!([0, SIZE].contains(&object.pages.get()));
        object.set_mapped(false);
        binds.join().expect("it ends");
        assert_eq!(object.pages.get(), 0);
    });
}

#[test]
fn r22_loom_no_eviction_is_forgotten() {
    loom::model(|| {
        let times = Arc::new(Times::default());
        let other = Arc::clone(&times);
        let there = thread::spawn(move || other.once_more());
        times.once_more();
        there.join().expect("it ends");
        assert_eq!(times.get(), 2);
    });
}

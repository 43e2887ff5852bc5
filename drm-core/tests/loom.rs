//! The reference count in every order that the memory model allows: the very file of the library, on the types of `loom`.

#[expect(dead_code, reason = "not all of it is asked for here")]
#[path = "../src/kref.rs"]
mod kref;

/// What `kref` gets its atomics from.
mod sync {
    pub(crate) use loom::sync::atomic;
}

use loom::sync::Arc;
use loom::thread;

use kref::Kref;

#[test]
fn the_last_put_is_told_to_one() {
    loom::model(|| {
        let count = Arc::new(Kref::new(2));
        let other = Arc::clone(&count);
        let there = thread::spawn(move || other.put());
        let here = count.put();
        let there = there.join().expect("it ends");
        assert!(here != there);
        assert_eq!(count.read(), 0);
    });
}

#[test]
fn what_is_freed_is_not_referred_to_again() {
    loom::model(|| {
        let count = Arc::new(Kref::new(1));
        let freed = Arc::new(loom::sync::atomic::AtomicBool::new(false));
        let (other, looked) = (Arc::clone(&count), Arc::clone(&freed));
        let finder = thread::spawn(move || {
            if !other.get_unless_zero() {
                return false;
            }
            assert!(!looked.load(loom::sync::atomic::Ordering::SeqCst));
            other.put()
        });
        let here = count.put();
        if here {
            freed.store(true, loom::sync::atomic::Ordering::SeqCst);
        }
        assert!(here != finder.join().expect("it ends"));
    });
}

#[test]
fn two_finders_and_the_last_put_free_once() {
    loom::model(|| {
        let count = Arc::new(Kref::new(1));
        let finders: Vec<_> = (0..2)
            .map(|_| {
                let count = Arc::clone(&count);
                thread::spawn(move || count.get_unless_zero() && count.put())
            })
            .collect();
        let mut last = usize::from(count.put());
        for finder in finders {
            last += usize::from(finder.join().expect("it ends"));
        }
        assert_eq!(last, 1);
        assert!(!count.get_unless_zero());
    });
}

#[test]
#[should_panic(expected = "freed while referred to")]
fn a_reference_by_two_steps_is_found() {
    loom::model(|| {
        let count = Arc::new(Kref::new(1));
        let other = Arc::clone(&count);
        let finder = thread::spawn(move || {
            let there = other.read() > 0;
            if there {
                other.get();
            }
            there
        });
        let freed = count.put();
        let found = finder.join().expect("it ends");
        assert!(!(freed && found), "freed while referred to");
    });
}

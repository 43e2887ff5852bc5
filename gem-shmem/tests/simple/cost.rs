//! What an object costs before anyone draws into it.

use drm_core::errno::Result;
use drm_core::{PAGE_SIZE, gem};
use gem_shmem::{Object, Vmap};

use crate::support::device;

const MANY: u32 = 100_000;

fn open_descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

#[test]
fn a_hundred_thousand_objects_cost_no_frame_and_no_descriptor() -> Result {
    let dev = device();
    let file = dev.open()?;
    let descriptors = open_descriptors();
    for _ in 0..MANY {
        let object = Object::create(&dev, 1 << 20)?.into_dyn();
        file.handle_create(&object)?;
    }
    assert_eq!(dev.object_count(), MANY as usize);
    assert_eq!(dev.machine().frames().stats().used, 0);
    // Tests beside this one open some of their own.
    assert!(open_descriptors() < descriptors + 100);
    // A look-up takes one step, whichever handle it is.
    let before = dev.machine().counters().snapshot();
    for handle in [1, MANY / 2, MANY] {
        assert!(file.lookup(handle).is_some());
    }
    let spent = dev.machine().counters().snapshot() - before;
    assert_eq!((spent.handle_lookups, spent.handle_steps), (3, 3));
    drop(file);
    assert_eq!(dev.object_count(), 0);
    Ok(())
}

#[test]
fn a_second_user_costs_no_page_and_no_mapping() -> Result {
    let dev = device();
    let object = Object::create(&dev, 256 * PAGE_SIZE)?;
    let first = Vmap::new(&object)?;
    let before = dev.machine().counters().snapshot();
    let users: Vec<Vmap> = (0..100)
        .map(|_| Vmap::new(&object))
        .collect::<Result<_>>()?;
    drop(users);
    let spent = dev.machine().counters().snapshot() - before;
    assert_eq!((spent.pages_zeroed, spent.vmaps, spent.vunmaps), (0, 0, 0));
    assert_eq!(
        spent.resv_locked, 200,
        "one lock for each step of the count"
    );
    drop(first);
    let pages = gem::Object::gem(&*object).filp().map(|f| f.nr_resident());
    assert_eq!(pages, Some(256), "the file keeps the contents");
    Ok(())
}

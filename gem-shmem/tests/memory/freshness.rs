//! Memory never shows another file's bytes. Each test makes sure that it was given frames that somebody else had written.

use std::collections::BTreeSet;

use drm_core::errno::Errno;
use drm_core::gem::Gem;
use drm_core::machine::Machine;
use drm_core::mmap::{Process, Prot, Sharing};
use gem_shmem::legacy::{Plain, Subclass};

use crate::library::{LIBRARIES, Library, PAGE, Side, assert_all, contents, fill, small};

const SECRET: u8 = 0xa5;

/// The frames of an object, seen through a user mapping.
fn frames(machine: &Machine, side: &Side, object: &Gem) -> BTreeSet<u64> {
    let process = Process::new(machine);
    let addr = side.map(&process, object).expect("it can be mapped");
    let frame = |page| {
        process
            .translate(addr + page * PAGE, false)
            .expect("it is mapped")
    };
    (0..object.gem().pages()).map(frame).collect()
}

/// Every way to look at an object shows zeros.
#[track_caller]
fn assert_fresh(machine: &Machine, side: &Side, object: &Gem, handle: u32) {
    let process = Process::new(machine);
    let mut bytes = vec![0xee; object.gem().size() as usize];
    let addr = side.map(&process, object).expect("it can be mapped");
    process.read(addr, &mut bytes).expect("it is mapped");
    assert_all(&bytes, 0, "user mapping");
    assert_all(
        &contents(object).expect("it can be mapped"),
        0,
        "kernel mapping",
    );
    let dma_buf = side.file.export(handle, true).expect("it can be exported");
    let len = object.gem().size();
    let addr = process.mmap_dma_buf(&dma_buf, len, Prot::ReadWrite, Sharing::Shared, 0);
    process
        .read(addr.expect("it can be mapped"), &mut bytes)
        .expect("it is mapped");
    assert_all(&bytes, 0, "mapping of the dma-buf");
}

#[test]
fn a_new_object_does_not_show_what_a_freed_one_held() {
    for library in LIBRARIES {
        let machine = small();
        let side = Side::new(&machine, library);
        let (old, handle) = side.object(48);
        fill(&old, SECRET).expect("there is memory");
        let used = frames(&machine, &side, &old);
        drop(old);
        side.file.handle_delete(handle).expect("it exists");
        assert_eq!(machine.frames().stats().used, 0);
        let (new, handle) = side.object(48);
        assert!(
            frames(&machine, &side, &new).intersection(&used).count() >= 32,
            "{library:?}"
        );
        assert_fresh(&machine, &side, &new, handle);
    }
}

#[test]
fn the_rest_of_the_last_page_is_fresh() {
    for library in LIBRARIES {
        let machine = small();
        let side = Side::new(&machine, library);
        let (old, _) = side.object(60);
        fill(&old, SECRET).expect("there is memory");
        side.file.handle_delete(1).expect("it exists");
        drop(old);
        let new = library
            .create(&side.dev, 59 * PAGE + 1)
            .expect("it can be made");
        assert_eq!(new.gem().size(), 60 * PAGE);
        assert_all(&contents(&new).expect("there is memory"), 0, "all of it");
    }
}

#[test]
fn another_file_and_another_device_get_fresh_memory() {
    for library in LIBRARIES {
        let machine = small();
        let (one, two) = (Side::new(&machine, library), Side::new(&machine, library));
        let (old, _) = one.object(48);
        fill(&old, SECRET).expect("there is memory");
        let used = frames(&machine, &one, &old);
        drop((old, one));
        let (new, handle) = two.object(48);
        assert!(frames(&machine, &two, &new).intersection(&used).count() >= 32);
        assert_fresh(&machine, &two, &new, handle);
    }
}

#[test]
fn what_was_purged_is_seen_neither_by_a_new_object_nor_by_the_old_one() {
    let machine = small();
    let side = Side::new(&machine, Library::Legacy);
    let (old, _) = side.object(48);
    let plain: Gem<Plain> = old.downcast().expect("it is a plain object");
    fill(&old, SECRET).expect("there is memory");
    let process = Process::new(&machine);
    let addr = side.map(&process, &old).expect("it can be mapped");
    assert_eq!(process.read_byte(addr), Ok(SECRET));
    let used = frames(&machine, &side, &old);
    plain.base().get_pages_sgt().expect("it can be made");
    let mut guard = old.gem().resv().lock();
    plain.base().madvise(&mut guard, 1);
    plain.base().purge(&mut guard);
    drop(guard);
    assert_eq!(machine.frames().stats().used, 48, "the mapping holds them");
    process.munmap(addr, 48 * PAGE).expect("it is mapped");
    let (new, handle) = side.object(48);
    fill(&new, 0x11).expect("there is memory");
    assert!(frames(&machine, &side, &new).intersection(&used).count() >= 32);
    let addr = side.map(&process, &old).expect("it can be mapped");
    assert_eq!(
        process.read_byte(addr),
        Err(Errno::EFAULT),
        "not even zeros"
    );
    side.file.handle_delete(handle).expect("it exists");
    drop(new);
    assert_all(
        &contents(&old).expect("there is memory"),
        0,
        "what was purged",
    );
}

#[test]
fn swapping_mixes_nobodys_pages() {
    for library in LIBRARIES {
        let machine = small();
        let side = Side::new(&machine, library);
        let objects: Vec<_> = (1..=3).map(|value| (side.object(48).0, value)).collect();
        for (object, value) in &objects {
            assert_all(&contents(object).expect("others go out"), 0, "new");
            fill(object, *value).expect("others go out");
        }
        assert!(machine.counters().swapped_out.get() >= 96);
        for _ in 0..2 {
            for (object, value) in &objects {
                assert_all(&contents(object).expect("others go out"), *value, "kept");
            }
        }
        let (new, handle) = side.object(48);
        assert_fresh(&machine, &side, &new, handle);
        machine
            .trace()
            .take()
            .is_empty()
            .then_some(())
            .expect("nothing was warned of");
    }
}

#[test]
fn a_swap_slot_that_is_used_again_shows_nothing_old() {
    for library in LIBRARIES {
        let machine = small();
        let side = Side::new(&machine, library);
        let (old, handle) = side.object(48);
        fill(&old, SECRET).expect("there is memory");
        assert_eq!(machine.swap_out(48), 48);
        drop(old);
        side.file.handle_delete(handle).expect("it exists");
        assert_eq!(machine.swap_free(), 128);
        let (new, _) = side.object(48);
        fill(&new, 0x11).expect("there is memory");
        assert_eq!(machine.swap_out(48), 48);
        assert_all(&contents(&new).expect("it comes back"), 0x11, "its own");
    }
}

#[test]
fn an_import_shows_the_exporters_bytes_and_what_follows_it_is_fresh() {
    for library in LIBRARIES {
        let machine = small();
        let (one, two) = (Side::new(&machine, library), Side::new(&machine, library));
        let (object, handle) = one.object(40);
        fill(&object, SECRET).expect("there is memory");
        let used = frames(&machine, &one, &object);
        let dma_buf = one.file.export(handle, true).expect("it can be exported");
        let there = two.file.import(&dma_buf).expect("it can be imported");
        let import = two.file.lookup(there).expect("it exists");
        assert_all(
            &contents(&import).expect("it can be mapped"),
            SECRET,
            "shared",
        );
        drop((object, import, dma_buf, one));
        assert_eq!(
            machine.frames().stats().used,
            40,
            "the import keeps the buffer"
        );
        two.file.handle_delete(there).expect("it exists");
        assert_eq!(machine.frames().stats().used, 0);
        let (new, handle) = two.object(48);
        assert!(frames(&machine, &two, &new).intersection(&used).count() >= 32);
        assert_fresh(&machine, &two, &new, handle);
    }
}

#[test]
fn a_stale_kernel_mapping_cannot_be_read() {
    for library in LIBRARIES {
        let machine = small();
        let side = Side::new(&machine, library);
        let (old, _) = side.object(48);
        let map = {
            let mut guard = old.gem().resv().lock();
            let map = old.vmap(&mut guard).expect("there is memory");
            old.vunmap(&mut guard, &map);
            map
        };
        drop(old);
        side.file.handle_delete(1).expect("it exists");
        let (new, _) = side.object(48);
        fill(&new, SECRET).expect("there is memory");
        let mut byte = [0];
        assert_eq!(map.map().read(0, &mut byte), Err(Errno::EFAULT));
    }
}

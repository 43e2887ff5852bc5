//! Shmem files: pages on demand, out to swap and back with their contents, limits.

use drm_core::errno::Errno;
use drm_core::machine::{Config, Fail, ShmemFile};
use drm_core::sync::Arc;

use crate::support::{Bench, PAGE, bench, bench_with};

fn file(bench: &Bench, pages: u64) -> Arc<ShmemFile> {
    ShmemFile::new(&bench.machine, pages * PAGE).expect("it can be made")
}

fn write(bench: &Bench, file: &ShmemFile, index: u64, value: u8) {
    let page = file.read_page(index).expect("there is memory");
    bench.machine.ram().write(page.phys() + 7, &[value]);
    file.mark_dirty(index);
}

fn read(bench: &Bench, file: &ShmemFile, index: u64) -> u8 {
    let page = file.read_page(index).expect("there is memory");
    let mut byte = [0];
    bench.machine.ram().read(page.phys() + 7, &mut byte);
    byte[0]
}

#[test]
fn pages_come_when_they_are_read_and_stay() {
    let bench = bench();
    let file = file(&bench, 8);
    assert_eq!(file.nr_resident(), 0);
    write(&bench, &file, 3, 0x33);
    assert_eq!(
        (file.nr_resident(), bench.machine.frames().stats().used),
        (1, 1)
    );
    assert_eq!(read(&bench, &file, 3), 0x33);
    assert_eq!(read(&bench, &file, 4), 0, "a hole reads as zeros");
    assert_eq!(file.read_page(8).err(), Some(Errno::EINVAL));
    assert_eq!(file.read_page(u64::MAX).err(), Some(Errno::EINVAL));
}

#[test]
fn contents_survive_swap() {
    let bench = bench();
    let file = file(&bench, 16);
    (0..16).for_each(|index| write(&bench, &file, index, index as u8 + 1));
    assert_eq!(bench.machine.swap_out(16), 16);
    assert_eq!((file.nr_resident(), file.nr_swapped()), (0, 16));
    assert_eq!(bench.machine.frames().stats().used, 0);
    // The frames are used by somebody else meanwhile.
    let other = self::file(&bench, 16);
    (0..16).for_each(|index| write(&bench, &other, index, 0xff));
    for index in 0..16 {
        assert_eq!(read(&bench, &file, index), index as u8 + 1);
    }
    assert_eq!(
        (file.nr_swapped(), bench.machine.swap_free()),
        (0, 64 << 20 >> 12)
    );
}

#[test]
fn pages_that_somebody_holds_and_unevictable_files_stay() {
    let bench = bench();
    let file = file(&bench, 2);
    write(&bench, &file, 0, 1);
    let held = file.read_page(1).expect("there is memory");
    file.set_unevictable(true);
    assert_eq!(bench.machine.swap_out(2), 0);
    file.set_unevictable(false);
    assert_eq!(bench.machine.swap_out(2), 1);
    drop(held);
    assert_eq!(bench.machine.swap_out(2), 1);
}

#[test]
fn the_oldest_file_goes_first() {
    let bench = bench();
    let (old, young) = (file(&bench, 4), file(&bench, 4));
    (0..4).for_each(|index| write(&bench, &old, index, 1));
    (0..4).for_each(|index| write(&bench, &young, index, 2));
    assert_eq!(bench.machine.swap_out(3), 3);
    assert_eq!((old.nr_resident(), young.nr_resident()), (1, 4));
}

#[test]
fn full_swap_takes_nothing_more() {
    let bench = bench_with(Config {
        swap: 2 * PAGE,
        ..Config::default()
    });
    let file = file(&bench, 4);
    (0..4).for_each(|index| write(&bench, &file, index, index as u8));
    assert_eq!(bench.machine.swap_out(4), 2);
    assert_eq!((file.nr_swapped(), bench.machine.swap_free()), (2, 0));
    drop(file);
    assert_eq!(bench.machine.swap_free(), 2);
}

#[test]
fn a_failed_read_leaves_the_page_in_swap() {
    let bench = bench();
    let file = file(&bench, 1);
    write(&bench, &file, 0, 0x5a);
    bench.machine.swap_out(1);
    for (kind, errno) in [(Fail::SwapIn, Errno::EIO), (Fail::PageAlloc, Errno::ENOMEM)] {
        bench.machine.failpoints().fail_nth(kind, 1);
        assert_eq!(file.read_page(0).err(), Some(errno));
        assert_eq!(file.nr_swapped(), 1);
    }
    assert_eq!(read(&bench, &file, 0), 0x5a);
}

#[test]
fn the_commit_limit_is_a_lack_of_space_and_is_given_back() {
    let bench = bench();
    bench.machine.limit_commit(Some(2));
    let file = file(&bench, 3);
    write(&bench, &file, 0, 1);
    write(&bench, &file, 1, 1);
    assert_eq!(file.read_page(2).err(), Some(Errno::ENOSPC));
    bench.machine.swap_out(1);
    assert_eq!(
        file.read_page(2).err(),
        Some(Errno::ENOSPC),
        "a swapped page counts"
    );
    file.truncate();
    write(&bench, &file, 2, 1);
    bench.machine.limit_commit(None);
    write(&bench, &file, 0, 1);
    write(&bench, &file, 1, 1);
}

#[test]
fn truncation_forgets_resident_and_swapped_pages() {
    let bench = bench();
    let file = file(&bench, 4);
    (0..4).for_each(|index| write(&bench, &file, index, 0xee));
    bench.machine.swap_out(2);
    let kept = file.read_page(3).expect("it is resident");
    file.truncate();
    assert_eq!((file.nr_resident(), file.nr_swapped()), (0, 0));
    assert_eq!(
        bench.machine.frames().stats().used,
        1,
        "whoever holds a page keeps it"
    );
    drop(kept);
    for index in 0..4 {
        assert_eq!(read(&bench, &file, index), 0);
    }
}

#[test]
fn clean_pages_can_be_lost() {
    let bench = bench_with(Config {
        lose_clean_pages: true,
        ..Config::default()
    });
    let file = file(&bench, 2);
    write(&bench, &file, 0, 1);
    let page = file.read_page(1).expect("there is memory");
    bench.machine.ram().write(page.phys() + 7, &[2]);
    drop(page);
    assert_eq!(bench.machine.swap_out(2), 2);
    assert_eq!(file.nr_swapped(), 1);
    assert_eq!([read(&bench, &file, 0), read(&bench, &file, 1)], [1, 0]);
}

#[test]
fn a_huge_folio_goes_out_as_a_whole() {
    let bench = bench_with(Config {
        huge_pages: true,
        ..Config::default()
    });
    let file = file(&bench, 1024);
    write(&bench, &file, 700, 0x70);
    assert_eq!(file.nr_resident(), 512);
    assert_eq!(bench.machine.swap_out(1), 512);
    assert_eq!((file.nr_resident(), file.nr_swapped()), (0, 512));
    assert_eq!(read(&bench, &file, 700), 0x70);
    assert_eq!(read(&bench, &file, 701), 0);
}

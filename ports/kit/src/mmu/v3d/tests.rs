//! The flat table, entry by entry.

use super::*;
use crate::mmu::testmem::TestMemory;
use crate::mmu::{WalkFault, runs_by};

fn table(mem: &TestMemory) -> V3dTable<&TestMemory> {
    V3dTable::new(mem).expect("memory for the table")
}

fn segment(pa: u64, pages: u64) -> Segment {
    Segment {
        addr: pa,
        len: pages * SZ_4K,
    }
}

/// `[first..last]=flags` in page numbers.
fn dump(table: &V3dTable<&TestMemory>) -> String {
    let runs = runs_by(table.view().leaves(), |_, _| true).map(|run| {
        let (first, last) = (run.first.va >> 12, (run.end() >> 12) - 1);
        format!("[{first:x}..{last:x}]={:x}", run.first.attributes >> 24)
    });
    runs.collect::<Vec<_>>().join(" ")
}

#[test]
fn an_entry_is_the_frame_valid_and_writeable() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    let insert = t.insert(0x20, [segment(0x12_3456_7000, 1)], LargePages::Never);
    assert_eq!(insert, Err(FrameTooLarge { frame: 0x123_4567 }));
    assert_eq!(
        t.insert(0x20, [segment(0x1_2345_6000, 1)], LargePages::Never),
        Ok(1)
    );
    assert_eq!(mem.read32(t.root() + 4 * 0x20), 0x3012_3456);
    assert_eq!(
        t.view().translate(0x20_abc, Access::Write).unwrap().0,
        0x1_2345_6abc
    );
    let hole = t.view().translate(0x21_000, Access::Read);
    assert_eq!(hole, Err(WalkFault::Translation { depth: 0 }));
}

#[test]
fn the_last_frame_number_is_a_bug_and_keeps_the_entries_before() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    let pa = (u64::from(FRAME) - 2) << 12;
    let insert = t.insert(1, [segment(pa, 4)], LargePages::Never);
    assert_eq!(insert, Err(FrameTooLarge { frame: 0xff_ffff }));
    assert_eq!(dump(&t), "[1..2]=30");
}

#[test]
fn objects_side_by_side_are_one_run_of_flags() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    let scattered = [segment(0x5000, 2), segment(0x1_0000, 1)];
    assert_eq!(t.insert(0x40, scattered, LargePages::Never), Ok(3));
    assert_eq!(
        t.insert(0x43, [segment(0x9000, 1)], LargePages::Never),
        Ok(1)
    );
    assert_eq!(
        t.insert(0xf_ffff, [segment(0x9000, 1)], LargePages::Never),
        Ok(1)
    );
    assert_eq!(dump(&t), "[40..43]=30 [fffff..fffff]=30");
    t.remove(0x41, 2);
    assert_eq!(dump(&t), "[40..40]=30 [43..43]=30 [fffff..fffff]=30");
    assert_eq!(t.view().leaves_in(0x43_000, 0x100_000).count(), 1);
}

#[test]
fn every_page_costs_one_store_and_one_more_to_clear() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    t.insert(0x100, [segment(0x20_0000, 512)], LargePages::Never)
        .unwrap();
    assert_eq!(mem.take_costs(), (512, 0, vec![]));
    t.remove(0x100, 512);
    assert_eq!(mem.take_costs(), (512, 0, vec![]));
    assert_eq!(mem.inner().allocated, 1024);
    drop(t);
    assert_eq!((mem.live(), mem.inner().freed), (0, 1024));
}

#[test]
fn large_pages_are_flags_on_entries_that_keep_their_own_frame() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    let pages = 256 + 16 + 3;
    t.insert(0x100, [segment(0x40_0000, pages)], LargePages::WhereTheyFit)
        .unwrap();
    assert_eq!(dump(&t), "[100..1ff]=b0 [200..20f]=70 [210..212]=30");
    assert_eq!(mem.read32(t.root() + 4 * 0x1ff), 0xb000_04ff);
    t.remove(0x100, pages);
    t.insert(0x110, [segment(0x40_0000, 32)], LargePages::WhereTheyFit)
        .unwrap();
    t.insert(0x131, [segment(0x40_0000, 32)], LargePages::WhereTheyFit)
        .unwrap();
    assert_eq!(
        dump(&t),
        "[110..12f]=70 [131..150]=30",
        "the second is not aligned"
    );
    assert_eq!(
        t.view().translate(0x11f_008, Access::Read).unwrap().0,
        0x40_f008
    );
}

#[test]
fn a_device_without_memory_for_the_table_is_refused() {
    let mem = TestMemory::default();
    mem.allow(0);
    assert_eq!(
        V3dTable::new(&mem).err(),
        Some(drm_core::errno::Errno::ENOMEM)
    );
}

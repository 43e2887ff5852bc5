//! Entries, reserved and emptied tables, and what an operation leaves to flush.

use drm_core::errno::Errno;

use super::*;
use crate::mmu::pgsize::{SZ_1G, SZ_2M, SZ_4K};
use crate::mmu::testmem::TestMemory;
use crate::mmu::{Access, Leaf, Segment, WalkFault, runs_by, same_memory};

const VA: u64 = 0x80_0000_0000;
const PA: u64 = 0x8_4000_0000;

fn table(mem: &TestMemory) -> RogueTable<&TestMemory> {
    RogueTable::new(mem, PageSize::K4).expect("memory for the catalogue")
}

fn segment(pa: u64, len: u64) -> Segment {
    Segment { addr: pa, len }
}

fn map(t: &mut RogueTable<&TestMemory>, va: u64, pa: u64, size: u64) -> Flush {
    let mut op = t.map_op(va, size).unwrap();
    let flags = PageFlags::empty();
    op.map(t, va, [segment(pa, size)], 0, size, flags).unwrap();
    op.finish()
}

fn unmap(t: &mut RogueTable<&TestMemory>, va: u64, size: u64) -> Flush {
    let mut op = t.unmap_op();
    op.unmap(t, va, size).unwrap();
    op.finish()
}

fn dump(t: &RogueTable<&TestMemory>) -> Vec<(u64, u64, u64, u64)> {
    runs_by(t.view().leaves(), same_memory)
        .map(|run| {
            let Leaf {
                va, pa, attributes, ..
            } = run.first;
            (va, run.count, attributes, pa)
        })
        .collect()
}

#[test]
fn the_entries_of_the_three_levels() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    map(&mut t, VA, PA, SZ_4K);
    let catalogue_entry = mem.read32(t.root() + 4 * (VA >> 30));
    let directory = u64::from(catalogue_entry >> 4) << 12;
    assert_eq!(catalogue_entry & 0xf, 1);
    let directory_entry = mem.read64(directory);
    assert_eq!(directory_entry & 0xfff, 1);
    assert_eq!(mem.read64(directory_entry & !0xfff), PA | 1);
}

#[test]
fn each_create_flag_has_its_bit() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    let cases = [
        (PageFlags::empty(), 1),
        (PageFlags::BYPASS, 9),
        (PageFlags::PROTECT, 1 << 62 | 1),
        (PageFlags::READ_ONLY, 3),
    ];
    for (i, (flags, bits)) in (0..).zip(cases) {
        let va = VA + i * SZ_4K;
        let mut op = t.map_op(va, SZ_4K).unwrap();
        op.map(&mut t, va, [segment(PA, SZ_4K)], 0, SZ_4K, flags)
            .unwrap();
        drop(op);
        let leaf = t.view().translate(va, Access::Read).unwrap().1;
        assert_eq!((leaf.attributes, leaf.pa), (bits, PA));
    }
    let read_only = t.view().translate(VA + 3 * SZ_4K, Access::Write);
    assert!(matches!(read_only, Err(WalkFault::Permission { .. })));
}

#[test]
fn a_map_reserves_for_the_spans_it_touches_and_returns_the_rest() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    let op = t.map_op(VA + SZ_1G - SZ_4K, 2 * SZ_4K).unwrap();
    assert_eq!((op.reserved(), mem.live()), ((2, 2), 5));
    drop(op);
    assert_eq!(mem.live(), 1);
    map(&mut t, VA, PA, SZ_4K);
    assert_eq!((mem.live(), t.view().tables()), (3, vec![1, 1, 1]));
    map(&mut t, VA + SZ_4K, PA, SZ_4K);
    assert_eq!(
        (mem.live(), mem.inner().allocated),
        (3, 3),
        "the tables were there"
    );
}

#[test]
fn a_reservation_that_fails_keeps_nothing() {
    let mem = TestMemory::default();
    let t = table(&mem);
    for n in 0..4 {
        mem.allow(n);
        let op = t.map_op(VA + SZ_1G - SZ_4K, 2 * SZ_4K);
        assert_eq!(op.err(), Some(Errno::ENOMEM), "n = {n}");
        assert_eq!(mem.live(), 1);
    }
}

#[test]
fn a_table_goes_with_its_last_page_but_is_freed_after_the_operation() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    map(&mut t, VA + SZ_2M - SZ_4K, PA, 2 * SZ_4K);
    assert_eq!(t.view().tables(), [1, 1, 2]);
    unmap(&mut t, VA + SZ_2M, SZ_4K);
    assert_eq!(t.view().tables(), [1, 1, 1]);
    let mut op = t.unmap_op();
    op.unmap(&mut t, VA + SZ_2M - SZ_4K, SZ_4K).unwrap();
    assert_eq!((t.view().tables(), mem.live()), (vec![1, 0, 0], 3));
    drop(op);
    assert_eq!(mem.live(), 1);
    let inner = mem.inner();
    assert_eq!((inner.allocated, inner.freed), (1 + 3, 3));
}

#[test]
fn an_operation_flushes_as_far_up_as_it_changed_tables() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    let flush = |level, now| Flush {
        level: Some(level),
        now,
    };
    assert_eq!(
        map(&mut t, VA, PA, SZ_4K),
        flush(SyncLevel::Catalogue, false)
    );
    assert_eq!(
        map(&mut t, VA + SZ_4K, PA, SZ_4K),
        flush(SyncLevel::PageTable, false)
    );
    assert_eq!(
        map(&mut t, VA + SZ_2M, PA, SZ_4K),
        flush(SyncLevel::Directory, false)
    );
    assert_eq!(unmap(&mut t, VA, SZ_4K), flush(SyncLevel::PageTable, true));
    assert_eq!(
        t.unmap_op().finish(),
        Flush {
            level: None,
            now: false
        }
    );
    let hole = unmap(&mut t, VA, SZ_4K);
    assert_eq!(
        hole,
        Flush {
            level: None,
            now: false
        }
    );
}

#[test]
fn an_emptied_page_table_is_gone_before_it_could_be_flushed() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    map(&mut t, VA, PA, SZ_4K);
    let flush = unmap(&mut t, VA, SZ_4K);
    assert_eq!(
        flush,
        Flush {
            level: None,
            now: true
        }
    );
}

#[test]
fn a_mapping_begins_at_its_offset_in_the_segments() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    let segments = [segment(PA, 2 * SZ_4K), segment(PA + SZ_1G, 4 * SZ_4K)];
    let mut op = t.map_op(VA, 3 * SZ_4K).unwrap();
    op.map(&mut t, VA, segments, SZ_4K, 3 * SZ_4K, PageFlags::empty())
        .unwrap();
    drop(op);
    assert_eq!(
        dump(&t),
        [(VA, 1, 1, PA + SZ_4K), (VA + SZ_4K, 2, 1, PA + SZ_1G)]
    );
    unmap(&mut t, VA, 3 * SZ_4K);
    let mut op = t.map_op(VA, 3 * SZ_4K).unwrap();
    op.map(
        &mut t,
        VA,
        segments,
        3 * SZ_4K,
        2 * SZ_4K,
        PageFlags::empty(),
    )
    .unwrap();
    assert_eq!(dump(&t), [(VA, 2, 1, PA + SZ_1G + SZ_4K)]);
}

#[test]
fn a_page_in_the_way_undoes_the_map() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    map(&mut t, VA + SZ_2M + SZ_4K, PA, SZ_4K);
    let size = SZ_2M + 2 * SZ_4K;
    let segments = [segment(PA, SZ_2M), segment(PA, 2 * SZ_4K)];
    let mut op = t.map_op(VA, size).unwrap();
    let result = op.map(&mut t, VA, segments, 0, size, PageFlags::empty());
    assert_eq!(result, Err(OpError::Errno(Errno::EEXIST)));
    drop(op);
    assert_eq!(dump(&t), [(VA + SZ_2M + SZ_4K, 1, 1, PA)]);
    assert_eq!((t.view().tables(), mem.live()), (vec![1, 1, 1], 3));
}

#[test]
fn a_map_of_no_or_of_part_of_a_page() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    let mut op = t.map_op(VA, SZ_4K).unwrap();
    let mut try_map = |offset, size| {
        let segments = [segment(PA, SZ_4K)];
        op.map(&mut t, VA, segments, offset, size, PageFlags::empty())
    };
    assert_eq!(try_map(0, 0), Ok(()));
    let invalid = Err(OpError::Errno(Errno::EINVAL));
    assert_eq!(try_map(0, 100), invalid);
    assert_eq!(try_map(100, SZ_4K), invalid);
    assert_eq!(dump(&t), []);
}

#[test]
fn an_operation_with_too_few_tables_fails_cleanly() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    let mut none = t.unmap_op();
    let segments = [segment(PA, 2 * SZ_2M)];
    let result = none.map(&mut t, VA, segments, 0, SZ_4K, PageFlags::empty());
    assert_eq!(result, Err(OpError::Errno(Errno::EINVAL)));
    let mut short = t.map_op(VA, SZ_2M).unwrap();
    let result = short.map(&mut t, VA, segments, 0, 2 * SZ_2M, PageFlags::empty());
    assert_eq!(result, Err(OpError::Errno(Errno::ENOMEM)));
    drop(short);
    assert_eq!((t.view().tables(), mem.live()), (vec![1, 0, 0], 1));
}

#[test]
fn a_hole_in_a_range_to_unmap_is_a_null_table() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    map(&mut t, VA, PA, SZ_4K);
    let mut op = t.unmap_op();
    assert_eq!(op.unmap(&mut t, VA, 2 * SZ_4K), Err(OpError::NullTable));
    drop(op);
    assert_eq!((dump(&t), mem.live()), (vec![], 1));
    map(&mut t, VA, PA, 2 * SZ_4K);
    map(&mut t, VA + 3 * SZ_4K, PA, SZ_4K);
    let flush = unmap(&mut t, VA, 3 * SZ_4K);
    assert!(flush.now, "a hole in a table that stays is skipped");
    assert_eq!(dump(&t), [(VA + 3 * SZ_4K, 1, 1, PA)]);
}

#[test]
fn the_space_does_not_wrap() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    let last = (1 << 40) - SZ_4K;
    let mut op = t.map_op(last, 2 * SZ_4K).unwrap();
    let result = op.map(
        &mut t,
        last,
        [segment(PA, 2 * SZ_4K)],
        0,
        2 * SZ_4K,
        PageFlags::empty(),
    );
    assert_eq!(result, Err(OpError::Errno(Errno::EPERM)));
    assert_eq!(mem.take_costs().2, ["pvr_mmu.c:2212"]);
    assert_eq!(
        t.view().translate(1 << 40, Access::Read),
        Err(WalkFault::AddressSize)
    );
}

#[test]
fn a_map_walks_from_the_root_once() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    map(&mut t, VA, PA, 4 * SZ_2M);
    assert_eq!(mem.take_costs(), (4 * 512 + 4 + 1, 1, vec![]));
    unmap(&mut t, VA, 4 * SZ_2M);
    assert_eq!(mem.take_costs(), (4 * 512 + 4 + 1, 1, vec![]));
}

#[test]
fn every_page_size_has_its_code_and_its_table_length() {
    let sizes = [
        PageSize::K4,
        PageSize::K16,
        PageSize::K64,
        PageSize::K256,
        PageSize::M1,
        PageSize::M2,
    ];
    for (code, page) in (0..).zip(sizes) {
        let mem = TestMemory::default();
        let mut t = RogueTable::new(&mem, page).unwrap();
        let (va, size) = (VA + SZ_2M - page.bytes(), 2 * page.bytes());
        let mut op = t.map_op(va, size).unwrap();
        op.map(&mut t, va, [segment(PA, size)], 0, size, PageFlags::BYPASS)
            .unwrap();
        drop(op);
        assert_eq!(dump(&t), [(va, 2, 9, PA)], "{page:?}");
        assert_eq!(t.view().leaves().map(|leaf| leaf.size).sum::<u64>(), size);
        let directory = u64::from(mem.read32(t.root() + 4 * (va >> 30)) >> 4) << 12;
        let slot = directory + 8 * (va >> 21 & 511);
        assert_eq!(mem.read64(slot) >> 1 & 7, code, "{page:?}");
        let (pa, _) = t.view().translate(va + size - 1, Access::Write).unwrap();
        assert_eq!(pa, PA + size - 1);
        unmap(&mut t, va, size);
        assert_eq!(mem.live(), 1);
    }
}

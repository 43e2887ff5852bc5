//! Entry values before, during and after a mapping; the contiguous hint; what breaks.

use super::*;
use crate::mmu::testmem::TestMemory;
use crate::mmu::{Leaf, WalkFault, runs_by, same_memory};

const VA: u64 = 0x1_8000_0000;
const PA: u64 = 0x8_4000_0000;
const CONT: u64 = 1 << 52;

fn table(mem: &TestMemory) -> IvpuTable<&TestMemory> {
    IvpuTable::new(mem, true).expect("memory for the root")
}

fn segment(pa: u64, pages: u64) -> Segment {
    Segment {
        addr: pa,
        len: pages * SZ_4K,
    }
}

fn dump(t: &IvpuTable<&TestMemory>) -> Vec<(u64, u64, u64, u64)> {
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
fn an_entry_before_during_and_after_a_mapping() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    assert_eq!(t.raw(VA), None);
    t.map(VA, [segment(PA, 1)], false).unwrap();
    t.map(VA + SZ_4K, [segment(PA, 1)], true).unwrap();
    assert_eq!(t.raw(VA), Some(PA | 0xc43));
    assert_eq!(t.raw(VA + SZ_4K), Some(PA | 0xc47));
    assert_eq!(t.raw(VA + 2 * SZ_4K), Some(0));
    t.unmap(VA, SZ_4K).unwrap();
    assert_eq!(t.raw(VA), Some(0xdead_b000));
    let fault = t.view().translate(VA, Access::Read);
    assert_eq!(fault, Err(WalkFault::Translation { depth: 3 }));
    assert_eq!(
        t.view().translate(VA + SZ_4K + 9, Access::Write).unwrap().0,
        PA + 9
    );
}

#[test]
fn sixteen_aligned_pages_of_one_segment_get_the_hint() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    t.map(VA, [segment(PA, 35)], true).unwrap();
    assert_eq!(
        dump(&t),
        [
            (VA, 32, CONT | 0xc47, PA),
            (VA + 32 * SZ_4K, 3, 0xc47, PA + 32 * SZ_4K)
        ]
    );
    assert_eq!(
        t.raw(VA + 31 * SZ_4K),
        Some((PA + 31 * SZ_4K) | CONT | 0xc47)
    );
    t.unmap(VA, 32 * SZ_4K).unwrap();
    assert_eq!(t.raw(VA), Some(0xdead_b000), "the hint goes, too");
}

#[test]
fn the_hint_needs_va_and_segment_in_step() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    t.map(VA + 14 * SZ_4K, [segment(PA + 14 * SZ_4K, 18 + 15)], false)
        .unwrap();
    assert_eq!(
        dump(&t),
        [
            (VA + 14 * SZ_4K, 2, 0xc43, PA + 14 * SZ_4K),
            (VA + 16 * SZ_4K, 16, CONT | 0xc43, PA + 16 * SZ_4K),
            (VA + 32 * SZ_4K, 15, 0xc43, PA + 32 * SZ_4K)
        ]
    );
    let mut shifted = table(&mem);
    shifted.map(VA, [segment(PA + SZ_4K, 32)], false).unwrap();
    assert_eq!(dump(&shifted), [(VA, 32, 0xc43, PA + SZ_4K)]);
    let mut scattered = table(&mem);
    scattered
        .map(VA, [segment(PA, 8), segment(PA + 8 * SZ_4K, 8)], false)
        .unwrap();
    assert_eq!(
        dump(&scattered),
        [(VA, 16, 0xc43, PA)],
        "two segments, though adjacent"
    );
    let mut disabled = IvpuTable::new(&mem, false).unwrap();
    disabled.map(VA, [segment(PA, 16)], false).unwrap();
    assert_eq!(dump(&disabled), [(VA, 16, 0xc43, PA)]);
}

#[test]
fn tables_stay_until_the_context_goes() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    t.map(VA, [segment(PA, 512 + 1)], false).unwrap();
    t.unmap(VA, 513 * SZ_4K).unwrap();
    assert_eq!((t.view().tables(), dump(&t)), (vec![1, 1, 1, 2], vec![]));
    drop(t);
    assert_eq!(mem.live(), 0);
}

#[test]
fn a_map_writes_each_page_once_and_walks_once() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    t.map(VA, [segment(PA, 1024), segment(PA, 8)], false)
        .unwrap();
    assert_eq!(mem.take_costs(), (1024 + 8 + 5, 1, vec![]));
    t.unmap(VA, 1032 * SZ_4K).unwrap();
    assert_eq!(mem.take_costs(), (1032, 1, vec![]));
}

#[test]
fn a_map_without_memory_for_its_nth_table_keeps_the_pages_before_it() {
    for n in 0..5 {
        let mem = TestMemory::default();
        let mut t = table(&mem);
        mem.allow(n);
        assert_eq!(t.map(VA, [segment(PA, 3 * 512)], false), Err(Errno::ENOMEM));
        let pages = n.saturating_sub(2) * 512;
        assert_eq!(t.view().leaves().count() as u64, pages, "n = {n}");
        assert_eq!(mem.live() as u64, 1 + n);
        mem.allow_all();
        assert_eq!(t.map(VA, [segment(PA, 3 * 512)], false), Ok(()));
        drop(t);
        assert_eq!(mem.live(), 0);
    }
}

#[test]
fn an_address_that_no_page_has_is_refused() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    for va in [VA + 1, 1 << 48] {
        assert_eq!(t.map(va, [segment(PA, 1)], false), Err(Errno::EINVAL));
    }
    assert_eq!(mem.live(), 1);
}

#[test]
fn unmapping_where_nothing_ever_was_breaks_after_what_came_before() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    t.map(VA, [segment(PA, 512)], false).unwrap();
    let next_table = VA + 512 * SZ_4K;
    assert_eq!(t.unmap(VA, 513 * SZ_4K), Err(NullTable { va: next_table }));
    assert_eq!(dump(&t), []);
    assert_eq!(t.unmap(0, SZ_4K), Err(NullTable { va: 0 }));
    assert_eq!(
        t.unmap(VA + SZ_4K, SZ_4K),
        Ok(()),
        "an empty entry is written all the same"
    );
}

#[test]
fn a_read_only_range_cuts_the_pieces_at_its_ends() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    t.map(VA, [segment(PA, 64)], true).unwrap();
    mem.take_costs();
    t.set_read_only(VA + 8 * SZ_4K, 48 * SZ_4K).unwrap();
    assert_eq!(mem.take_costs().0, 16 + 16 + 48);
    let runs: Vec<_> = dump(&t)
        .into_iter()
        .map(|(_, count, attributes, _)| (count, attributes))
        .collect();
    assert_eq!(
        runs,
        [
            (8, 0xc47),
            (8, 0xcc7),
            (32, CONT | 0xcc7),
            (8, 0xcc7),
            (8, 0xc47)
        ]
    );
    let read_only = t.view().translate(VA + 20 * SZ_4K, Access::Write);
    assert!(matches!(read_only, Err(WalkFault::Permission { .. })));
    assert_eq!(
        t.view().translate(VA + 20 * SZ_4K, Access::Read).unwrap().0,
        PA + 20 * SZ_4K
    );
}

#[test]
fn read_only_refuses_part_of_a_page() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    assert_eq!(t.set_read_only(VA + 1, 0), Ok(()));
    assert_eq!(
        t.set_read_only(VA, 100),
        Err(ReadOnlyError::Errno(Errno::EINVAL))
    );
    assert_eq!(mem.take_costs().2, ["ivpu_mmu_context.c:371"]);
    let broken = ReadOnlyError::NullTable(NullTable { va: VA });
    assert_eq!(t.set_read_only(VA, SZ_4K), Err(broken));
}

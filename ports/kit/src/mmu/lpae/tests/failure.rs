//! What is left when memory for a table runs out, and panthor's reserved tables.

use drm_core::errno::Errno;

use super::*;
use crate::mmu::pgsize::{SZ_2M, SZ_4K, get_pgsize};
use crate::mmu::prealloc::{PreallocTables, map_table_count, unmap_table_count};

const PA: u64 = 0x8_0000_0000;

#[test]
fn a_map_without_memory_for_its_nth_table_keeps_the_tables_before_it() {
    for n in 0..3 {
        let mem = TestMemory::default();
        let mut t = table(&mem, Kind::Mali);
        mem.allow(n);
        assert_eq!(t.map_pages(0, PA, SZ_4K, 4, RW_NX), Err(Errno::ENOMEM));
        let mut tables = vec![0; 4];
        tables[..=n as usize].fill(1);
        assert_eq!(
            (t.view().tables(), t.view().leaves().count()),
            (tables, 0),
            "n = {n}"
        );
        mem.allow_all();
        assert_eq!(t.map_pages(0, PA, SZ_4K, 4, RW_NX), Ok(4 * SZ_4K));
        drop(t);
        assert_eq!(mem.live(), 0);
        let inner = mem.inner();
        assert_eq!(inner.allocated, inner.freed);
    }
}

#[test]
fn no_memory_for_the_root_is_no_table() {
    let mem = TestMemory::default();
    mem.allow(0);
    assert_eq!(
        Lpae::new(&mem, Kind::Mali, config(true)).err(),
        Some(Errno::ENOMEM)
    );
}

#[test]
fn a_split_without_memory_unmaps_nothing_and_keeps_the_block() {
    let mem = TestMemory::default();
    let mut t = table(&mem, Kind::Stage1);
    t.map_pages(0, PA, SZ_2M, 1, RW_NX).unwrap();
    mem.allow(0);
    assert_eq!(t.unmap_pages(SZ_4K, SZ_4K, 1), 0);
    assert_eq!(dump(&t), ["0+200000x1 60000000000e41 800000000"]);
    assert_eq!(mem.take_costs().2.len(), 0);
}

#[test]
fn a_map_reserves_a_table_for_each_span_it_touches() {
    assert_eq!(map_table_count(0x20_0000, SZ_4K), 3);
    assert_eq!(map_table_count(0x3f_f000, 2 * SZ_4K), 1 + 1 + 2);
    assert_eq!(map_table_count(0x3fff_f000, 2 * SZ_4K), 1 + 2 + 2);
    assert_eq!(map_table_count((1 << 39) - SZ_4K, 2 * SZ_4K), 2 + 2 + 2);
    assert_eq!(map_table_count(0, 0), 0);
    assert_eq!(
        map_table_count(SZ_4K, 0),
        3,
        "an empty range inside a span touches it"
    );
}

#[test]
fn an_unmap_reserves_a_table_for_each_block_it_may_split() {
    assert_eq!(unmap_table_count(0, SZ_2M), 0);
    assert_eq!(unmap_table_count(SZ_4K, SZ_2M - SZ_4K), 1);
    assert_eq!(unmap_table_count(0, SZ_4K), 1);
    assert_eq!(unmap_table_count(SZ_4K, SZ_4K), 1, "both ends in one block");
    assert_eq!(unmap_table_count(SZ_4K, SZ_2M), 2);
}

#[test]
fn an_operation_draws_its_tables_from_the_reservation_and_returns_the_rest() {
    let mem = TestMemory::default();
    let tables = PreallocTables::new(&mem);
    let mut t = Lpae::new(&tables, Kind::Stage1, config(true)).unwrap();
    assert_eq!(mem.live(), 1, "the root needs no reservation");

    let mut map = tables.reserve_map(0, 2 * SZ_2M).unwrap();
    assert_eq!((map.reserved(), mem.live()), (1 + 1 + 2, 5));
    mem.allow(0);
    let attached = tables.attach(&mut map);
    t.map_pages(0, PA, SZ_2M, 2, RW_NX).unwrap();
    drop(attached);
    assert_eq!(map.used(), 2, "two blocks need no last-level table");
    drop(map);
    assert_eq!(mem.live(), 3);

    mem.allow_all();
    let mut unmap = tables.reserve_unmap(0, SZ_4K).unwrap();
    let attached = tables.attach(&mut unmap);
    assert_eq!(t.unmap_pages(0, SZ_4K, 1), SZ_4K);
    drop(attached);
    assert_eq!((unmap.reserved(), unmap.used()), (1, 1));
    drop((unmap, t));
    assert_eq!(mem.live(), 0);
}

#[test]
fn an_operation_without_a_reservation_gets_no_table() {
    let mem = TestMemory::default();
    let tables = PreallocTables::new(&mem);
    let mut t = Lpae::new(&tables, Kind::Stage1, config(true)).unwrap();
    assert_eq!(t.map_pages(0, PA, SZ_4K, 1, RW_NX), Err(Errno::ENOMEM));
    assert_eq!(mem.take_costs().2, ["panthor_mmu.c:464"]);
    let mut small = tables.reserve_unmap(0, SZ_4K).unwrap();
    let attached = tables.attach(&mut small);
    assert_eq!(t.map_pages(0, PA, SZ_4K, 1, RW_NX), Err(Errno::ENOMEM));
    assert_eq!(mem.take_costs().2, ["panthor_mmu.c:465"]);
    drop(attached);
    assert_eq!(t.view().tables(), [1, 1, 0, 0]);
}

#[test]
fn a_reservation_that_fails_keeps_nothing() {
    let mem = TestMemory::default();
    let tables = PreallocTables::new(&mem);
    for n in 0..4 {
        mem.allow(n);
        assert_eq!(
            tables.reserve_map(0, 2 * SZ_2M).err(),
            Some(Errno::ENOMEM),
            "n = {n}"
        );
        assert_eq!(mem.live(), 0);
    }
}

#[test]
fn a_reservation_is_enough_for_any_map_and_any_unmap() {
    let mem = TestMemory::default();
    let tables = PreallocTables::new(&mem);
    let ends = [0, 1, 511, 512, 513, 1024, 0x3fdff, 0x40000, 0x40201];
    for start in ends {
        for end in ends.into_iter().filter(|&end| end > start) {
            let mut t = Lpae::new(&tables, Kind::Stage1, config(false)).unwrap();
            let (va, size) = (start * SZ_4K, (end - start) * SZ_4K);
            let mut map = tables.reserve_map(va, size).unwrap();
            let attached = tables.attach(&mut map);
            for_each_run(va, size, |at, pgsize, count| {
                t.map_pages(at, PA + at, pgsize, count, RW_NX).unwrap()
            });
            drop(attached);
            let (va, size) = (va + SZ_4K, size - SZ_4K);
            let mut unmap = tables.reserve_unmap(va, size).unwrap();
            let attached = tables.attach(&mut unmap);
            for_each_run(va, size, |at, pgsize, count| {
                t.unmap_pages(at, pgsize, count)
            });
            drop(attached);
            assert_eq!(t.view().leaves().count(), 1);
            assert_eq!(mem.take_costs().2.len(), 0);
        }
    }
    assert_eq!(mem.live(), 0);
}

fn for_each_run(va: u64, size: u64, mut step: impl FnMut(u64, u64, u64) -> u64) {
    let mut done = 0;
    while done < size {
        let (pgsize, count) = get_pgsize(va + done, size - done);
        assert_eq!(step(va + done, pgsize, count), pgsize * count);
        done += pgsize * count;
    }
}

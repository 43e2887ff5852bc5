//! Entry values, and what a failed map and a short unmap leave.

use super::*;
use crate::mmu::testmem::TestMemory;
use crate::mmu::{Leaf, WalkFault};

fn table(mem: &TestMemory) -> RockchipTable<&TestMemory> {
    RockchipTable::new(mem).expect("memory for the directory")
}

fn segment(pa: u64, pages: u64) -> Segment {
    Segment {
        addr: pa,
        len: pages * SZ_4K,
    }
}

const RW: PageFlags = PageFlags::READ.union(PageFlags::WRITE);
const TABLE: u64 = 1024 * SZ_4K;

#[test]
fn high_address_bits_are_packed_low() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    assert_eq!(
        t.map(
            0,
            [segment(0x1_2345_6000, 1), segment(0xab_0000_0000, 1)],
            RW
        ),
        Ok(0x2000)
    );
    assert_eq!(t.raw(0), Some(0x2345_6107));
    assert_eq!(t.raw(SZ_4K), Some(0x0000_0ba7));
    let leaf = Leaf {
        va: SZ_4K,
        size: SZ_4K,
        pa: 0xab_0000_0000,
        attributes: 7,
    };
    assert_eq!(
        t.view().translate(0x1234, Access::Write),
        Ok((0xab_0000_0234, leaf))
    );
}

#[test]
fn an_unmap_clears_the_valid_bit_alone_and_keeps_the_table() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    t.map(0, [segment(0x1_2345_6000, 1)], RW).unwrap();
    assert_eq!(t.unmap(0, SZ_4K), SZ_4K);
    assert_eq!(t.raw(0), Some(0x2345_6106));
    let fault = t.view().translate(0, Access::Read);
    assert_eq!(fault, Err(WalkFault::Translation { depth: 1 }));
    assert_eq!(t.view().tables(), [1, 1]);
    assert_eq!(t.map(0, [segment(0, 1)], PageFlags::READ), Ok(SZ_4K));
    assert_eq!(t.raw(0), Some(3));
    assert!(matches!(
        t.view().translate(0, Access::Write),
        Err(WalkFault::Permission { .. })
    ));
}

#[test]
fn a_page_in_the_way_undoes_the_map() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    t.map(TABLE + 2 * SZ_4K, [segment(0x9000, 1)], RW).unwrap();
    let result = t.map(
        TABLE - SZ_4K,
        [segment(0x4000_0000, 2), segment(0x5000_0000, 2)],
        RW,
    );
    assert_eq!(result, Err(Errno::EADDRINUSE));
    assert_eq!(
        t.view().leaves().map(|leaf| leaf.pa).collect::<Vec<_>>(),
        [0x9000]
    );
    assert_eq!(
        t.raw(TABLE),
        Some(0x4000_1006),
        "what was written is still there, not valid"
    );
}

#[test]
fn a_map_without_memory_for_a_table_is_undone() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    mem.allow(1);
    assert_eq!(t.map(0, [segment(0, 2 * 1024)], RW), Err(Errno::ENOMEM));
    assert_eq!(
        (t.view().leaves().count(), t.view().tables()),
        (0, vec![1, 1])
    );
    drop(t);
    assert_eq!(mem.live(), 0);
}

#[test]
fn an_unmap_ends_at_the_first_invalid_entry() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    t.map(TABLE - SZ_4K, [segment(0, 3)], RW).unwrap();
    t.unmap(TABLE + SZ_4K, SZ_4K);
    assert_eq!(t.unmap(TABLE - SZ_4K, 10 * SZ_4K), 2 * SZ_4K);
    assert_eq!(t.unmap(100 * TABLE, SZ_4K), 0);
}

#[test]
fn widths_and_alignment_are_checked() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    assert_eq!(t.map(1, [segment(0, 1)], RW), Err(Errno::EINVAL));
    assert_eq!(
        t.map((1 << 32) - SZ_4K, [segment(0, 2)], RW),
        Err(Errno::ERANGE)
    );
    assert_eq!(t.map(0, [segment(1 << 40, 1)], RW), Err(Errno::ERANGE));
    assert_eq!(
        t.map((1 << 32) - SZ_4K, [segment((1 << 40) - SZ_4K, 1)], RW),
        Ok(SZ_4K)
    );
}

#[test]
fn a_map_walks_once_for_each_table() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    t.map(0, [segment(0, 2048)], RW).unwrap();
    assert_eq!(mem.take_costs(), (2048 + 2, 2, vec![]));
    assert_eq!(t.unmap(0, 2048 * SZ_4K), 2048 * SZ_4K);
    assert_eq!(mem.take_costs(), (2048, 2, vec![]));
}

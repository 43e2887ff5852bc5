//! Blocks, entries, and the two ways an unmap breaks.

use drm_core::errno::Errno;

use super::*;
use crate::mmu::testmem::TestMemory;
use crate::mmu::{WalkFault, runs_by};

const BLOCK: u64 = 1 << BLOCK_SHIFT;

fn table(mem: &TestMemory) -> LimaTable<&TestMemory> {
    LimaTable::new(mem, None).expect("memory for the directory")
}

fn segment(pa: u64, len: u64) -> [Segment; 1] {
    [Segment { addr: pa, len }]
}

/// The line of the recordings, without the VM's reference count.
fn dump(table: &LimaTable<&TestMemory>) -> String {
    let mut line = String::from("blocks:");
    for block in table.blocks() {
        line += &format!(" {block}");
    }
    line += " pte:";
    let (mut total, mut runs) = (0, 0);
    for run in runs_by(table.view().leaves(), |_, _| true) {
        let (first, last) = (run.first.va >> 12, (run.end() >> 12) - 1);
        line += &format!(" [{first:x}..{last:x}]={:x}", run.first.attributes);
        total += run.count;
        runs += 1;
    }
    let (pdes, bad) = table.directory_entries();
    let blocks = table.blocks().count();
    line + &format!(" pdes={pdes} bad_pdes={bad} blocks={blocks} total={total} runs={runs}")
}

#[test]
fn the_first_page_of_a_block_brings_eight_tables() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    let nothing = "blocks: pte: pdes=0 bad_pdes=0 blocks=0 total=0 runs=0";
    assert_eq!(dump(&t), nothing);
    mem.take_costs();
    t.map(0, segment(0x4567_8000, 0x6000)).unwrap();
    assert_eq!(mem.take_costs().0, 8 + 6);
    let six = "blocks: 0 pte: [0..5]=1df pdes=8 bad_pdes=0 blocks=1 total=6 runs=1";
    assert_eq!(dump(&t), six);
    let first_table = mem.read32(t.root());
    assert_eq!(first_table & 0xfff, 1);
    assert_eq!(mem.read32(t.root() + 4), first_table + 0x1000);
    assert_eq!(mem.read32(u64::from(first_table & !0xfff)), 0x4567_81df);
    assert_eq!(mem.inner().allocated, 1 + 8);
}

#[test]
fn an_unmap_keeps_blocks_and_directory() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    t.map(0, segment(0x4000_0000, 0x280_0000)).unwrap();
    t.unmap(0, 0x280_0000).unwrap();
    let empty = "blocks: 0 1 pte: pdes=16 bad_pdes=0 blocks=2 total=0 runs=0";
    assert_eq!(dump(&t), empty);
    drop(t);
    assert_eq!((mem.live(), mem.inner().freed), (0, 17));
}

#[test]
fn one_page_of_a_mapping_can_go() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    t.map(BLOCK as u32 - 0x2000, segment(0x4000_0000, 0x4000))
        .unwrap();
    t.unmap(BLOCK as u32 - 0x1000, 0x1000).unwrap();
    let left = "blocks: 0 1 pte: [1ffe..1ffe]=1df [2000..2001]=1df pdes=16 bad_pdes=0 blocks=2 total=3 runs=2";
    assert_eq!(dump(&t), left);
    let at = |va| t.view().translate(va, Access::Write);
    assert_eq!(at(BLOCK + 4).unwrap().0, 0x4000_2004);
    assert_eq!(at(BLOCK - 4), Err(WalkFault::Translation { depth: 1 }));
    assert_eq!(at(2 * BLOCK), Err(WalkFault::Translation { depth: 0 }));
    assert_eq!(at(1 << 32), Err(WalkFault::AddressSize));
}

#[test]
fn a_map_without_memory_for_a_block_clears_its_entries_and_keeps_its_blocks() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    t.map(0, segment(0x8000_0000, 0x1000)).unwrap();
    mem.allow(1);
    let three_blocks = segment(0x4000_0000, 2 * BLOCK + 0x1000);
    assert_eq!(t.map(0x1000, three_blocks), Err(Errno::ENOMEM));
    let kept = "blocks: 0 1 pte: [0..0]=1df pdes=16 bad_pdes=0 blocks=2 total=1 runs=1";
    assert_eq!(dump(&t), kept);
}

#[test]
fn the_dlbu_page_brings_the_last_block() {
    let mem = TestMemory::default();
    let t = LimaTable::new(&mem, Some(0x1234_5000)).unwrap();
    let dlbu = "blocks: 127 pte: [fff00..fff00]=1df pdes=8 bad_pdes=0 blocks=1 total=1 runs=1";
    assert_eq!(dump(&t), dlbu);
    mem.allow(1);
    assert_eq!(LimaTable::new(&mem, Some(0)).err(), Some(Errno::ENOMEM));
    drop(t);
    assert_eq!(mem.live(), 0);
}

#[test]
fn unmapping_where_no_block_ever_was_breaks_after_clearing_what_was_there() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    t.map(0, segment(0x4000_0000, 0x8000)).unwrap();
    let broken = Broken::NullBlock {
        block: 1,
        address: 0,
    };
    assert_eq!(t.unmap(0, BLOCK + 0x1000), Err(broken));
    assert_eq!(t.view().leaves().count(), 0);
    let inside = Broken::NullBlock {
        block: 2,
        address: 4 * 3,
    };
    assert_eq!(t.unmap(2 * BLOCK as u32 + 0x3000, 0x1000), Err(inside));
}

#[test]
fn unmapping_the_last_page_of_the_space_goes_on_from_zero() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    t.map(0, segment(0x4000_0000, 0x2000)).unwrap();
    t.map(0xffff_f000, segment(0x5000_0000, 0x1000)).unwrap();
    let broken = Broken::NullBlock {
        block: 1,
        address: 0,
    };
    assert_eq!(t.unmap(0xffff_f000, 0x1000), Err(broken));
    assert_eq!(t.view().leaves().count(), 0, "the pages at 0 are gone, too");
}

#[test]
fn with_every_block_in_place_that_unmap_never_ends() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    for block in 0..BLOCKS as u32 {
        t.map(block << BLOCK_SHIFT, segment(0x4000_0000, 0x1000))
            .unwrap();
    }
    assert_eq!(t.unmap(0xffff_f000, 0x1000), Err(Broken::Endless));
    assert_eq!(t.view().leaves().count(), 0);
}

#[test]
fn a_space_of_four_gigabytes_can_be_mapped_and_its_prefix_unmapped() {
    let mem = TestMemory::default();
    let mut t = table(&mem);
    t.map(0, segment(0x4000_0000, 8 * SZ_4K)).unwrap();
    t.map(0xffff_0000, segment(0x4000_0000, 16 * SZ_4K))
        .unwrap();
    assert_eq!(t.unmap(0, 8 * SZ_4K), Ok(()));
    assert_eq!(t.unmap(0xffff_0000, 0), Ok(()));
    assert_eq!(t.view().leaves().count(), 16);
}

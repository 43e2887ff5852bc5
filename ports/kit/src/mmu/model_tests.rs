//! Random mappings against a naive map of pages, for every writer that takes segments.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::ivpu::{IvpuTable, LeafFlags};
use super::lima::LimaTable;
use super::pgsize::SZ_4K;
use super::rockchip::{self, RockchipTable};
use super::rogue::{self, PageSize, RogueTable};
use super::testmem::TestMemory;
use super::v3d::{LargePages, V3dTable};
use super::{Leaf, Segment};

/// Pages of VA in use, across two table boundaries of every format.
const PAGES: u64 = 3 * 1024;

trait Table {
    fn map(&mut self, page: u64, segments: &[Segment]);
    fn unmap(&mut self, page: u64, pages: u64);
    fn leaves(&self) -> Vec<Leaf>;
    /// Tables in use, if all of them can be reached from the root.
    fn reachable(&self) -> Option<u64>;
}

impl Table for V3dTable<&TestMemory> {
    fn map(&mut self, page: u64, segments: &[Segment]) {
        let pages = segments.iter().map(|segment| segment.len / SZ_4K).sum();
        let inserted = self.insert(page, segments.iter().copied(), LargePages::WhereTheyFit);
        assert_eq!(inserted, Ok(pages));
    }
    fn unmap(&mut self, page: u64, pages: u64) {
        self.remove(page, pages);
    }
    fn leaves(&self) -> Vec<Leaf> {
        self.view().leaves_in(0, PAGES * SZ_4K).collect()
    }
    fn reachable(&self) -> Option<u64> {
        None
    }
}

impl Table for LimaTable<&TestMemory> {
    fn map(&mut self, page: u64, segments: &[Segment]) {
        assert_eq!(
            self.map((page * SZ_4K) as u32, segments.iter().copied()),
            Ok(())
        );
    }
    fn unmap(&mut self, page: u64, pages: u64) {
        assert_eq!(self.unmap((page * SZ_4K) as u32, pages * SZ_4K), Ok(()));
    }
    fn leaves(&self) -> Vec<Leaf> {
        self.view().leaves().collect()
    }
    fn reachable(&self) -> Option<u64> {
        None
    }
}

impl Table for IvpuTable<&TestMemory> {
    fn map(&mut self, page: u64, segments: &[Segment]) {
        assert_eq!(
            self.map(page * SZ_4K, segments.iter().copied(), true),
            Ok(())
        );
    }
    fn unmap(&mut self, page: u64, pages: u64) {
        assert_eq!(self.unmap(page * SZ_4K, pages * SZ_4K), Ok(()));
    }
    fn leaves(&self) -> Vec<Leaf> {
        let leaves: Vec<Leaf> = self.view().leaves().collect();
        let hint = LeafFlags::CONTIGUOUS.bits();
        for piece in leaves.iter().filter(|leaf| leaf.attributes & hint != 0) {
            assert!((piece.va ^ piece.pa).is_multiple_of(16 * SZ_4K));
        }
        leaves
    }
    fn reachable(&self) -> Option<u64> {
        Some(self.view().tables().iter().sum())
    }
}

impl Table for RockchipTable<&TestMemory> {
    fn map(&mut self, page: u64, segments: &[Segment]) {
        let len = segments.iter().map(|segment| segment.len).sum();
        let flags = rockchip::PageFlags::READ;
        assert_eq!(
            self.map(page * SZ_4K, segments.iter().copied(), flags),
            Ok(len)
        );
    }
    fn unmap(&mut self, page: u64, pages: u64) {
        assert_eq!(self.unmap(page * SZ_4K, pages * SZ_4K), pages * SZ_4K);
    }
    fn leaves(&self) -> Vec<Leaf> {
        self.view().leaves().collect()
    }
    fn reachable(&self) -> Option<u64> {
        Some(self.view().tables().iter().sum())
    }
}

impl Table for RogueTable<&TestMemory> {
    fn map(&mut self, page: u64, segments: &[Segment]) {
        let (va, len) = (
            page * SZ_4K,
            segments.iter().map(|segment| segment.len).sum(),
        );
        let mut op = self.map_op(va, len).expect("memory");
        let flags = rogue::PageFlags::empty();
        assert_eq!(
            op.map(self, va, segments.iter().copied(), 0, len, flags),
            Ok(())
        );
    }
    fn unmap(&mut self, page: u64, pages: u64) {
        let mut op = self.unmap_op();
        assert_eq!(op.unmap(self, page * SZ_4K, pages * SZ_4K), Ok(()));
    }
    fn leaves(&self) -> Vec<Leaf> {
        self.view().leaves().collect()
    }
    fn reachable(&self) -> Option<u64> {
        Some(self.view().tables().iter().sum())
    }
}

/// An object to map: first page of VA, and (first frame, pages) of each segment.
type Object = (u64, Vec<(u64, u64)>);

fn object() -> impl Strategy<Value = Object> {
    let length = prop_oneof![1..4u64, 16..40u64, Just(512), 1..1100u64];
    let frame = prop_oneof![0..0x10_0000u64, (0..0x100u64).prop_map(|n| n * 256)];
    let page = prop_oneof![0..PAGES, (0..12u64).prop_map(|n| n * 256)];
    (page, prop::collection::vec((frame, length), 1..4))
}

/// Maps each object where it meets none, else unmaps those that it meets, the whole of each.
fn run<'m, T: Table + 'm>(
    mem: &'m TestMemory,
    make: impl Fn(&'m TestMemory) -> T,
    objects: &[Object],
) {
    let mut table = make(mem);
    let mut model: BTreeMap<u64, u64> = BTreeMap::new();
    let mut mapped: BTreeMap<u64, u64> = BTreeMap::new();
    for (page, segments) in objects {
        let pages: u64 = segments.iter().map(|(_, pages)| pages).sum();
        let end = (page + pages).min(PAGES);
        let met: Vec<_> = mapped
            .iter()
            .map(|(&page, &pages)| (page, pages))
            .filter(|(start, pages)| *start < end && start + pages > *page)
            .collect();
        for (start, pages) in &met {
            table.unmap(*start, *pages);
            mapped.remove(start);
            model.retain(|page, _| !(*start..start + pages).contains(page));
        }
        if met.is_empty() && page + pages <= PAGES {
            let bytes = |&(frame, pages): &(u64, u64)| Segment {
                addr: frame * SZ_4K,
                len: pages * SZ_4K,
            };
            table.map(*page, &segments.iter().map(bytes).collect::<Vec<_>>());
            mapped.insert(*page, pages);
            let frames = segments
                .iter()
                .flat_map(|(frame, pages)| *frame..frame + pages);
            model.extend((*page..).zip(frames));
        }
        let seen: BTreeMap<u64, u64> = table
            .leaves()
            .iter()
            .map(|leaf| (leaf.va / SZ_4K, leaf.pa / SZ_4K))
            .collect();
        assert_eq!(seen, model);
        if let Some(tables) = table.reachable() {
            assert_eq!(tables as usize, mem.live(), "no table is lost");
        }
    }
    for (page, pages) in mapped {
        table.unmap(page, pages);
    }
    assert_eq!(table.leaves(), []);
    drop(table);
    assert_eq!(mem.live(), 0);
    let inner = mem.inner();
    assert_eq!(inner.allocated, inner.freed);
    assert_eq!(inner.warnings.len(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn every_table_maps_what_a_naive_map_maps(objects in prop::collection::vec(object(), 1..10)) {
        run(&TestMemory::default(), |mem| V3dTable::new(mem).expect("memory"), &objects);
        run(&TestMemory::default(), |mem| LimaTable::new(mem, None).expect("memory"), &objects);
        run(&TestMemory::default(), |mem| IvpuTable::new(mem, true).expect("memory"), &objects);
        run(&TestMemory::default(), |mem| RockchipTable::new(mem).expect("memory"), &objects);
        let rogue = |mem| RogueTable::new(mem, PageSize::K4).expect("memory");
        run(&TestMemory::default(), rogue, &objects);
    }
}

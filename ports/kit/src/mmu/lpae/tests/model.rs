//! Random maps and unmaps against a naive map of pages.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::mmu::pgsize::{SZ_2M, SZ_4K, get_pgsize};

/// Pages of VA that the operations stay in: six blocks on both sides of a 1 GiB boundary.
const PAGES: u64 = 6 * 512;
const BASE: u64 = 0x4000_0000 - 3 * SZ_2M;

#[derive(Clone, Debug)]
enum Op {
    Map {
        page: u64,
        count: u64,
        pa_page: u64,
        exec: bool,
    },
    Unmap {
        page: u64,
        count: u64,
    },
}

fn range() -> impl Strategy<Value = (u64, u64)> {
    let edges = prop_oneof![0..PAGES, (0..6u64).prop_map(|block| block * 512)];
    (
        edges,
        prop_oneof![1..1024u64, Just(1), Just(512), Just(1024)],
    )
        .prop_map(|(page, count)| (page, count.min(PAGES - page)))
}

fn op() -> impl Strategy<Value = Op> {
    let pa = prop_oneof![0..4096u64, (0..8u64).prop_map(|block| block * 512)];
    prop_oneof![
        (range(), pa, any::<bool>()).prop_map(|((page, count), pa_page, exec)| {
            // Half of the physical ranges are in step with the VA, so that blocks appear.
            let pa_page = if exec {
                pa_page
            } else {
                pa_page / 512 * 512 + page % 512
            };
            Op::Map {
                page,
                count,
                pa_page,
                exec,
            }
        }),
        range().prop_map(|(page, count)| Op::Unmap { page, count }),
    ]
}

/// Unmaps what is mapped in the range, run by run, as gpuvm would.
fn unmap(t: &mut Lpae<&TestMemory>, model: &mut BTreeMap<u64, (u64, u64)>, page: u64, count: u64) {
    let mut mapped: Vec<u64> = model
        .range(page..page + count)
        .map(|(&page, _)| page)
        .collect();
    mapped.dedup();
    let mut cursor = t.cursor();
    for run in mapped.chunk_by(|a, b| a + 1 == *b) {
        let (va, size) = (BASE + run[0] * SZ_4K, run.len() as u64 * SZ_4K);
        let mut done = 0;
        while done < size {
            let (pgsize, pages) = get_pgsize(va + done, size - done);
            assert_eq!(cursor.unmap_pages(va + done, pgsize, pages), pgsize * pages);
            done += pgsize * pages;
        }
    }
    for page in mapped {
        model.remove(&page);
    }
}

fn run(kind: Kind, coherent: bool, ops: &[Op]) {
    let mem = TestMemory::default();
    let mut t = Lpae::new(&mem, kind, config(coherent)).unwrap();
    let mut model = BTreeMap::new();
    for op in ops {
        match *op {
            Op::Unmap { page, count } => unmap(&mut t, &mut model, page, count),
            Op::Map {
                page,
                count,
                pa_page,
                exec,
            } => {
                unmap(&mut t, &mut model, page, count);
                let prot = if exec {
                    Prot::READ | Prot::WRITE
                } else {
                    RW_NX
                };
                let (va, pa, size) = (BASE + page * SZ_4K, pa_page * SZ_4K, count * SZ_4K);
                let mut cursor = t.cursor();
                let mut done = 0;
                while done < size {
                    let (pgsize, pages) = get_pgsize((va + done) | (pa + done), size - done);
                    let mapped = cursor.map_pages(va + done, pa + done, pgsize, pages, prot);
                    done += mapped.unwrap();
                }
                let high = if exec { 0 } else { 3 << 53 };
                model.extend((0..count).map(|i| (page + i, (pa_page + i, high))));
            }
        }
    }
    let mut seen = BTreeMap::new();
    for leaf in t.view().leaves() {
        let first = (leaf.va - BASE) / SZ_4K;
        for i in 0..leaf.size / SZ_4K {
            seen.insert(
                first + i,
                (leaf.pa / SZ_4K + i, leaf.attributes & (3 << 53)),
            );
        }
    }
    assert_eq!(seen, model);
    for page in 0..PAGES {
        let expected = model.get(&page).map_or(0, |(pa, _)| pa * SZ_4K + 8);
        assert_eq!(t.iova_to_phys(BASE + page * SZ_4K + 8), expected);
    }
    let in_use: u64 = t.view().tables().iter().sum();
    assert_eq!(in_use as usize, mem.live(), "no table is lost");
    assert_eq!(mem.take_costs().2.len(), 0, "no warning");
    drop(t);
    assert_eq!(mem.live(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn mali_maps_what_a_naive_map_maps(ops in prop::collection::vec(op(), 1..12)) {
        run(Kind::Mali, false, &ops);
    }

    #[test]
    fn stage_1_maps_what_a_naive_map_maps(ops in prop::collection::vec(op(), 1..12)) {
        run(Kind::Stage1, true, &ops);
    }
}

//! Scatter tables and the devices that read them.

use drm_core::dma::{DmaConfig, DmaDevice, SgTable};
use drm_core::errno::Errno;
use drm_core::machine::Fail;
use drm_core::memory::{Gfp, Page};

use crate::support::{Bench, PAGE, bench};

fn pages(bench: &Bench, n: usize) -> Vec<Page> {
    let page = |_| Page::alloc(bench.machine.frames(), Gfp::KERNEL).expect("there is memory");
    (0..n).map(page).collect()
}

fn device(bench: &Bench, config: DmaConfig) -> DmaDevice {
    DmaDevice::new(&bench.machine, "dma", config)
}

#[test]
fn a_table_is_mapped_once_and_unmapped_once() {
    let bench = bench();
    let dma = device(&bench, DmaConfig::default());
    let table = SgTable::from_pages(&bench.machine, &pages(&bench, 3), u64::MAX).expect("ok");
    assert!(table.dma_page(0).is_none());
    table.map(&dma).expect("it can be mapped");
    assert_eq!(table.map(&dma), Err(Errno::EBUSY));
    table.unmap();
    assert!(!table.is_mapped() && table.dma_page(0).is_none());
    bench.quiet();
    table.unmap();
    bench.warned();
}

#[test]
fn a_table_that_is_dropped_while_mapped_is_warned_of() {
    let bench = bench();
    let dma = device(&bench, DmaConfig::default());
    let table = SgTable::from_pages(&bench.machine, &pages(&bench, 1), u64::MAX).expect("ok");
    table.map(&dma).expect("it can be mapped");
    drop(table);
    bench.warned();
}

#[test]
fn behind_an_iommu_addresses_are_the_devices_own_and_come_back() {
    let bench = bench();
    let config = DmaConfig {
        iommu: true,
        ..DmaConfig::default()
    };
    let dma = device(&bench, config);
    let make = || {
        let table = SgTable::from_pages(&bench.machine, &pages(&bench, 2), PAGE).expect("ok");
        table.map(&dma).expect("it can be mapped");
        table
    };
    let first = make();
    assert_eq!(
        [first.dma_page(0), first.dma_page(1)],
        [Some(PAGE), Some(2 * PAGE)]
    );
    let second = make();
    assert_eq!(second.dma_page(0), Some(3 * PAGE));
    first.unmap();
    let third = make();
    assert_eq!(
        third.dma_page(0),
        Some(PAGE),
        "the first gap is taken again"
    );
    second.unmap();
    third.unmap();
}

#[test]
fn behind_an_iommu_runs_that_lie_apart_are_one_up_to_the_longest_segment() {
    let bench = bench();
    let config = DmaConfig {
        iommu: true,
        max_segment: 2 * PAGE as u32,
        ..DmaConfig::default()
    };
    let dma = device(&bench, config);
    // Every other page: none follows another in RAM.
    let pages: Vec<Page> = pages(&bench, 6).into_iter().step_by(2).collect();
    let table = SgTable::from_pages(&bench.machine, &pages, u64::MAX).expect("ok");
    table.map(&dma).expect("it can be mapped");
    let runs: Vec<u64> = table.dma_entries().iter().map(|run| run.len).collect();
    assert_eq!((table.entries().len(), runs), (3, vec![2 * PAGE, PAGE]));
    for (index, page) in (0..).zip(&pages) {
        let at = table.dma_page(index).expect("it is mapped");
        assert_eq!(dma.translate(at + 5), Some(page.phys() + 5));
    }
    let first = table.dma_page(0).expect("it is mapped");
    table.unmap();
    assert_eq!(dma.translate(first), None, "the IOMMU maps nothing there");
    let plain = device(&bench, DmaConfig::default());
    assert_eq!(plain.translate(first), Some(first));
}

#[test]
fn a_failure_in_the_middle_unmaps_what_was_mapped() {
    let bench = bench();
    let dma = device(&bench, DmaConfig::default());
    let table = SgTable::from_pages(&bench.machine, &pages(&bench, 4), PAGE).expect("ok");
    bench.machine.failpoints().fail_nth(Fail::DmaMap, 3);
    assert_eq!(table.map(&dma), Err(Errno::EIO));
    let counters = bench.machine.counters();
    assert_eq!(
        (counters.dma_mapped.get(), counters.dma_unmapped.get()),
        (2, 2)
    );
    assert!(table.map(&dma).is_ok(), "it can be tried again");
    table.unmap();
    bench.quiet();
}

#[test]
fn a_device_reaches_as_far_as_its_mask() {
    let bench = bench();
    let pages = pages(&bench, 1);
    for (mask, answer) in [
        (pages[0].phys() + PAGE - 1, Ok(())),
        (pages[0].phys(), Err(Errno::EIO)),
    ] {
        let dma = device(
            &bench,
            DmaConfig {
                mask,
                ..DmaConfig::default()
            },
        );
        let table = SgTable::from_pages(&bench.machine, &pages, u64::MAX).expect("ok");
        assert_eq!(table.map(&dma), answer);
        if answer.is_ok() {
            table.unmap();
        }
    }
}

#[test]
fn a_device_without_coherence_pays_for_every_byte() {
    let bench = bench();
    let config = DmaConfig {
        coherent: false,
        ..DmaConfig::default()
    };
    let table = SgTable::from_pages(&bench.machine, &pages(&bench, 2), u64::MAX).expect("ok");
    table
        .map(&device(&bench, config))
        .expect("it can be mapped");
    table.sync();
    table.unmap();
    assert_eq!(bench.machine.counters().cache_synced.get(), 3 * 2 * PAGE);
}

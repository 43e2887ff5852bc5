//! Memory pressure: shrinkers are asked in order, then shmem goes to swap; what may not block does neither.

use drm_core::errno::Errno;
use drm_core::machine::{Config, ScanResult, ShmemFile, ShrinkControl, Shrinker};
use drm_core::memory::{Gfp, Page};
use drm_core::sync::{Arc, Mutex};

use crate::support::{Bench, PAGE, bench_with};

/// Frees the pages that it was given.
struct Cache {
    pages: Mutex<Vec<Page>>,
    asked: Mutex<Vec<ShrinkControl>>,
    stuck: bool,
}

impl Shrinker for Cache {
    fn name(&self) -> &str {
        "cache"
    }

    fn count(&self, _control: ShrinkControl) -> u64 {
        self.pages.lock().len() as u64
    }

    fn scan(&self, control: ShrinkControl) -> ScanResult {
        self.asked.lock().push(control);
        if self.stuck {
            return ScanResult::Stop;
        }
        let mut pages = self.pages.lock();
        let left = pages.len().saturating_sub(control.nr_to_scan as usize);
        ScanResult::Freed(pages.drain(left..).count() as u64)
    }
}

fn small() -> Bench {
    bench_with(Config {
        ram: 64 * PAGE,
        swap: 64 * PAGE,
        ..Config::default()
    })
}

fn cache(bench: &Bench, pages: usize, stuck: bool) -> Arc<Cache> {
    let page = |_| Page::alloc(bench.machine.frames(), Gfp::KERNEL).expect("there is memory");
    let cache = Arc::new(Cache {
        pages: Mutex::new((0..pages).map(page).collect()),
        asked: Mutex::default(),
        stuck,
    });
    bench
        .machine
        .register_shrinker(&(Arc::clone(&cache) as Arc<dyn Shrinker>));
    cache
}

fn alloc(bench: &Bench, gfp: Gfp) -> Result<Page, Errno> {
    Page::alloc(bench.machine.frames(), gfp)
}

/// Takes every free frame.
fn exhaust(bench: &Bench) -> Vec<Page> {
    std::iter::from_fn(|| alloc(bench, Gfp::NOWAIT).ok()).collect()
}

#[test]
fn shrinkers_are_asked_when_memory_runs_out_and_not_before() {
    let bench = small();
    let cache = cache(&bench, 40, false);
    let _rest = exhaust(&bench);
    assert!(
        cache.asked.lock().is_empty(),
        "who may not block asks nobody"
    );
    let page = alloc(&bench, Gfp::KERNEL);
    assert!(page.is_ok());
    let asked = cache.asked.lock();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].may_block && asked[0].nr_to_scan == 32, "a batch");
}

#[test]
fn shrinkers_are_asked_in_order_until_it_is_enough() {
    let bench = small();
    let (first, second) = (cache(&bench, 10, false), cache(&bench, 40, false));
    assert_eq!(bench.machine.shrink_slab(5, ShrinkControl::direct(5)), 5);
    assert_eq!(
        (first.pages.lock().len(), second.asked.lock().len()),
        (5, 0)
    );
    assert_eq!(bench.machine.shrink_slab(20, ShrinkControl::atomic(20)), 20);
    assert_eq!(
        (first.pages.lock().len(), second.pages.lock().len()),
        (0, 25)
    );
    assert_eq!(second.asked.lock()[0], ShrinkControl::atomic(15));
    bench.machine.shrink_slab(1, ShrinkControl::direct(1));
    assert_eq!(first.asked.lock().len(), 2, "an empty one is not scanned");
}

#[test]
fn a_shrinker_that_is_gone_is_not_asked() {
    let bench = small();
    let cache = cache(&bench, 4, false);
    drop(cache);
    assert_eq!(bench.machine.shrink_slab(4, ShrinkControl::direct(4)), 0);
}

#[test]
fn shmem_goes_to_swap_when_shrinkers_cannot_help() {
    let bench = small();
    let stuck = cache(&bench, 4, true);
    let file = ShmemFile::new(&bench.machine, 64 * PAGE).expect("it can be made");
    for index in 0..60 {
        let page = file.read_page(index).expect("there is memory");
        bench.machine.ram().write(page.phys(), &[index as u8]);
    }
    assert!(alloc(&bench, Gfp::KERNEL).is_ok());
    assert_eq!(stuck.asked.lock().len(), 1);
    assert!(file.nr_swapped() >= 32, "a batch");
    for index in (0..60).rev() {
        let page = file.read_page(index).expect("it comes back, and others go");
        let mut byte = [0xff];
        bench.machine.ram().read(page.phys(), &mut byte);
        assert_eq!(byte[0], index as u8);
    }
}

#[test]
fn without_anything_to_free_an_allocation_fails() {
    let bench = bench_with(Config {
        ram: 64 * PAGE,
        swap: 0,
        ..Config::default()
    });
    let file = ShmemFile::new(&bench.machine, 256 * PAGE).expect("it can be made");
    let read = (0..256)
        .map_while(|index| file.read_page(index).ok())
        .count();
    assert_eq!(read, 64);
    assert_eq!(file.read_page(64).err(), Some(Errno::ENOMEM));
    assert_eq!(file.nr_resident(), 64, "and nothing is lost");
}

#[test]
fn a_file_twice_as_large_as_ram_can_be_written_and_read() {
    let bench = bench_with(Config {
        ram: 64 * PAGE,
        swap: 128 * PAGE,
        ..Config::default()
    });
    let file = ShmemFile::new(&bench.machine, 128 * PAGE).expect("it can be made");
    for round in 0..2 {
        for index in 0..128 {
            let page = file.read_page(index).expect("others go out");
            let mut byte = [0xff];
            bench.machine.ram().read(page.phys(), &mut byte);
            assert_eq!(byte[0], if round == 0 { 0 } else { index as u8 });
            bench.machine.ram().write(page.phys(), &[index as u8]);
        }
    }
    let counters = bench.machine.counters();
    assert!(counters.swapped_out.get() >= 128 && counters.swapped_in.get() >= 64);
    drop(file);
    assert_eq!(bench.machine.frames().stats().used, 0);
    assert_eq!(bench.machine.swap_free(), 128);
}

//! What objects and look-ups cost, by counters. `cargo bench -p gem-shmem --features legacy --bench cost`
//!
//! Every figure that is a count is checked; times are shown, as ratios within this process, and not checked.

use std::fs;
use std::hint::black_box;
use std::process::Command;
use std::time::Instant;

use drm_core::device::{Device, Driver, File};
use drm_core::dma::{DmaConfig, DmaDevice};
use drm_core::errno::Result;
use drm_core::gem::Gem;
use drm_core::machine::{Config, Machine};
use drm_core::sync::Arc;
use gem_shmem::legacy::{self, Plain};

const OBJECTS: usize = 100_000;
/// The argument that asks for the first figure alone, of the library of that number.
const OBJECTS_ONLY: &str = "--objects-only=";
const PAGE: u64 = drm_core::PAGE_SIZE;

struct NoDriver;

impl Driver for NoDriver {
    fn name(&self) -> &'static str {
        "bench"
    }
}

type Create = fn(&Device, u64) -> Result<Gem>;

const LIBRARIES: [(&str, Create); 2] = [
    ("base class", |dev, size| {
        legacy::create::<Plain>(dev, size).map(Gem::into_dyn)
    }),
    ("closed type", |dev, size| {
        gem_shmem::Object::create(dev, size).map(Gem::into_dyn)
    }),
];

fn device() -> (Machine, Device, File) {
    let machine = Machine::new(Config::default()).expect("the host has memory for the machine");
    let dma = DmaDevice::new(&machine, "bench", DmaConfig::default());
    let dev = Device::new(dma, Arc::new(NoDriver));
    let file = dev.open().expect("it opens");
    (machine, dev, file)
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

/// Bytes of this process in RAM.
fn resident() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm
        .split_whitespace()
        .nth(1)
        .and_then(|pages| pages.parse().ok());
    pages.unwrap_or(0u64) * PAGE
}

/// Objects of a gigabyte each, with a handle and an offset, and without a page.
fn objects_without_pages(name: &str, create: Create) {
    let (machine, dev, file) = device();
    let (fds, before) = (descriptors(), resident());
    let started = Instant::now();
    for _ in 0..OBJECTS {
        let object = create(&dev, 1 << 20).expect("there is room for a terabyte");
        file.handle_create(&object).expect("a handle can be made");
    }
    let (time, grown) = (started.elapsed(), resident().saturating_sub(before));
    assert_eq!(dev.object_count(), OBJECTS);
    assert_eq!(machine.frames().stats().used, 0, "no page");
    assert_eq!(descriptors(), fds, "no descriptor");
    println!(
        "{name}: {OBJECTS} objects of 1 MiB: {} frames, {} descriptors, {} bytes and {} ns each",
        machine.frames().stats().used,
        descriptors() - fds,
        grown / OBJECTS as u64,
        time.as_nanos() / OBJECTS as u128
    );
    assert!(
        grown / (OBJECTS as u64) < PAGE / 2,
        "an object is its header"
    );
    drop(file);
    assert_eq!(dev.object_count(), 0);
}

/// Steps and nanoseconds of a look-up among `n` handles.
fn look_up(create: Create, n: usize) -> (u64, f64) {
    const LOOK_UPS: u64 = 100_000;
    let (machine, dev, file) = device();
    for _ in 0..n {
        let object = create(&dev, PAGE).expect("there is room");
        file.handle_create(&object).expect("a handle can be made");
    }
    let before = machine.counters().snapshot();
    let started = Instant::now();
    let mut handle = 0u64;
    for _ in 0..LOOK_UPS {
        handle = (handle * 48_271 + 11) % n as u64;
        black_box(file.lookup(handle as u32 + 1)).expect("every handle exists");
    }
    let time = started.elapsed().as_nanos() as f64 / LOOK_UPS as f64;
    let done = machine.counters().snapshot() - before;
    assert_eq!(done.handle_lookups, LOOK_UPS);
    (done.handle_steps / LOOK_UPS, time)
}

fn look_ups(name: &str, create: Create) {
    let mut first = None;
    // Once for the caches.
    look_up(create, 16);
    for n in [16, 1_024, 65_536] {
        let (steps, time) = look_up(create, n);
        assert_eq!(steps, 1, "among {n} handles");
        let base = *first.get_or_insert(time);
        println!(
            "{name}: look-up among {n:>6} handles: {steps} step, {:.1} of the first time",
            time / base
        );
    }
}

/// The first pin costs a page each; the next ones a lock.
fn pins(name: &str, create: Create) {
    for pages in [16, 1_024] {
        let (machine, dev, _file) = device();
        let object = create(&dev, pages * PAGE).expect("there is room");
        let pin = || object.pin(&mut object.gem().resv().lock());
        let before = machine.counters().snapshot();
        pin().expect("there is memory");
        let first = machine.counters().snapshot() - before;
        let before = machine.counters().snapshot();
        pin().expect("there is memory");
        let next = machine.counters().snapshot() - before;
        assert_eq!((first.pages_zeroed, first.resv_locked), (pages, 1));
        assert_eq!((next.pages_zeroed, next.resv_locked), (0, 1));
        println!(
            "{name}: pin of {pages:>4} pages: first {} pages zeroed, {} lock; next {} pages, {} lock",
            first.pages_zeroed, first.resv_locked, next.pages_zeroed, next.resv_locked
        );
        let mut guard = object.gem().resv().lock();
        object.unpin(&mut guard);
        object.unpin(&mut guard);
    }
}

/// A scan of an LRU list takes one lock an object, and waits for none.
fn scans(create: Create) {
    let mut first = None;
    for n in [4_096, 65_536] {
        let (machine, dev, _file) = device();
        let lru = dev.lru_lock().new_list();
        let objects: Vec<_> = (0..n)
            .map(|_| create(&dev, PAGE).expect("there is room"))
            .collect();
        objects
            .iter()
            .for_each(|object| lru.move_tail(object.gem()));
        let busy: Vec<_> = objects
            .iter()
            .step_by(2)
            .map(|object| object.gem().resv().lock())
            .collect();
        let before = machine.counters().snapshot();
        let started = Instant::now();
        let scan = lru.scan(u64::MAX, |_, _| false);
        let time = started.elapsed().as_nanos() as f64 / n as f64;
        let done = machine.counters().snapshot() - before;
        assert_eq!((scan.freed, scan.remaining), (0, n));
        assert_eq!((done.resv_locked, done.resv_contended), (n / 2, n / 2));
        let base = *first.get_or_insert(time);
        println!(
            "scan of {n:>6} objects, half of them locked: {} locks, {} refused, {:.1} of the first time each",
            done.resv_locked,
            done.resv_contended,
            time / base
        );
        drop(busy);
    }
}

/// In a process of its own: memory that another library gave back would be used again, and not be seen.
fn objects_in_a_fresh_process(which: usize) {
    let exe = std::env::current_exe().expect("the bench runs");
    let status = Command::new(exe)
        .arg(format!("{OBJECTS_ONLY}{which}"))
        .status();
    assert!(status.is_ok_and(|status| status.success()));
}

fn main() {
    let only = std::env::args().find_map(|arg| arg.strip_prefix(OBJECTS_ONLY)?.parse().ok());
    if let Some((name, create)) = only.and_then(|which: usize| LIBRARIES.get(which)) {
        return objects_without_pages(name, *create);
    }
    for (which, (name, create)) in LIBRARIES.into_iter().enumerate() {
        objects_in_a_fresh_process(which);
        look_ups(name, create);
        pins(name, create);
    }
    scans(LIBRARIES[0].1);
}

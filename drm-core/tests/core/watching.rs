//! A process's own memory, pinned; and who is told when its mappings change.

use drm_core::errno::Errno;
use drm_core::machine::{Config, Machine};
use drm_core::memory::KernelMap;
use drm_core::mmap::{IntervalNotifier, Invalidation, Process, Prot};
use drm_core::sync::{Arc, Mutex};

#[derive(Default)]
struct Heard(Mutex<Vec<Invalidation>>);

impl IntervalNotifier for Heard {
    fn invalidate(&self, event: Invalidation) {
        self.0.lock().push(event);
    }
}

impl Heard {
    fn take(&self) -> Vec<Invalidation> {
        std::mem::take(&mut *self.0.lock())
    }
}

fn machine() -> Machine {
    Machine::new(Config::default()).expect("the host has the RAM")
}

fn process() -> Process {
    Process::new(&machine())
}

#[test]
fn a_watcher_is_told_what_happens_to_its_range_and_to_no_other() {
    let process = process();
    let at = process.mmap_anonymous(0x4000).expect("memory");
    let heard = Arc::new(Heard::default());
    let interval = process
        .notifiers()
        .insert(at + 0x1000, 0x1000, heard.clone());
    process.mprotect(at, 0x1000, Prot::Read).expect("mapped");
    assert_eq!(heard.take(), []);
    process.mprotect(at, 0x4000, Prot::Read).expect("mapped");
    process.munmap(at, 0x2000).expect("aligned");
    assert_eq!(
        heard.take(),
        [Invalidation::Protection, Invalidation::Unmap]
    );
    drop(interval);
    assert_eq!(process.notifiers().count(), 0);
    process.munmap(at + 0x2000, 0x2000).expect("aligned");
    assert_eq!(heard.take(), []);
}

#[test]
fn the_end_of_a_process_is_told() {
    let process = process();
    let at = process.mmap_anonymous(0x1000).expect("memory");
    let heard = Arc::new(Heard::default());
    let _interval = process.notifiers().insert(at, 0x1000, heard.clone());
    drop(process);
    assert_eq!(heard.take(), [Invalidation::Release]);
}

#[test]
fn pinned_memory_outlives_its_mapping() {
    let machine = machine();
    let process = Process::new(&machine);
    let at = process.mmap_anonymous(0x3000).expect("memory");
    process.write(at + 0x1ffe, &[1, 2, 3, 4]).expect("mapped");
    let pages = process.pin_user_pages(at + 0x1000, 4).expect("mapped");
    assert_eq!(pages.len(), 2, "only what is there");
    assert_eq!(process.pin_user_pages(at - 0x1000, 1), Err(Errno::EFAULT));
    process.munmap(at, 0x3000).expect("aligned");
    assert_eq!(process.read_byte(at), Err(Errno::EFAULT));
    assert_eq!(machine.frames().stats().used, 2);
    let mut bytes = [0; 2];
    machine.ram().read(pages[0].phys() + 0xffe, &mut bytes);
    assert_eq!(bytes, [1, 2]);
    drop(pages);
    assert_eq!(machine.frames().stats().used, 0);
}

#[test]
fn a_piece_of_a_kernel_mapping_shows_its_bytes_alone() {
    let machine = machine();
    let process = Process::new(&machine);
    let at = process.mmap_anonymous(0x2000).expect("memory");
    let pages = process.pin_user_pages(at, 2).expect("mapped");
    let map = KernelMap::new(machine.ram(), &pages).expect("room");
    let piece = map.slice(0x1000, 0x1000).expect("inside");
    piece.write(8, &[7]).expect("inside");
    assert_eq!(process.read_byte(at + 0x1008), Ok(7));
    assert_eq!(piece.address(), map.address() + 0x1000);
    assert_eq!(piece.write(0x1000, &[1]), Err(Errno::EFAULT));
    assert!(map.slice(0x1000, 0x1001).is_none());
    map.unmap();
    assert_eq!(piece.read(0, &mut [0]), Err(Errno::EFAULT));
}

#[test]
fn a_shared_mapping_that_may_be_written_again_is_writable_without_a_fault() {
    let machine = machine();
    let process = Process::new(&machine);
    let at = process.mmap_anonymous(0x2000).expect("memory");
    process.mprotect(at, 0x1000, Prot::Read).expect("mapped");
    assert_eq!(process.write(at, &[1]), Err(Errno::EFAULT));
    process
        .mprotect(at, 0x1000, Prot::ReadWrite)
        .expect("mapped");
    assert_eq!(process.write(at, &[1]), Ok(()));
    assert_eq!(machine.counters().snapshot().user_faults, 0);
}

//! `drm_gem_shmem_fault`: what a touch of a page that is not mapped finds.

use drm_core::errno::Errno;
use drm_core::gem::{Fault, FaultContext, Gem};
use gem_shmem::legacy::{self, Plain, Subclass};

use crate::support::{Bench, PAGE, bench};

fn mapped(bench: &Bench, pages: u64) -> (Gem<Plain>, u64) {
    let object = bench.object(pages * PAGE);
    bench.handle(&object);
    let addr = bench.map(&object).expect("it can be mapped");
    (object, addr)
}

fn touch(bench: &Bench, object: &Gem<Plain>, addr: u64, index: u64, order: u8) -> Fault {
    let vma = bench.process.vma(addr).expect("it is mapped");
    let context = FaultContext {
        index,
        write: false,
        order,
        allow_retry: true,
        nowait: false,
    };
    legacy::fault(object.base(), &vma, context)
}

#[test]
fn a_touch_maps_one_page_and_it_stays_mapped() {
    let bench = bench();
    let (_object, addr) = mapped(&bench, 4);
    let vma = bench.process.vma(addr).expect("it is mapped");
    assert_eq!(vma.mapped_pages(), 0);
    bench
        .process
        .write(addr + 2 * PAGE, &[1])
        .expect("it is mapped");
    assert_eq!(vma.mapped_pages(), 1);
    bench
        .process
        .write(addr + 2 * PAGE + 5, &[1])
        .expect("it is mapped");
    assert_eq!(bench.machine.counters().user_faults.get(), 1);
}

#[test]
fn a_large_entry_is_never_made() {
    let bench = bench();
    let (object, addr) = mapped(&bench, 4);
    assert_eq!(touch(&bench, &object, addr, 0, 9), Fault::Fallback);
    assert_eq!(touch(&bench, &object, addr, 0, 0), Fault::NoPage);
}

#[test]
fn a_touch_beyond_the_object_is_a_bus_error() {
    let bench = bench();
    let (object, addr) = mapped(&bench, 4);
    assert_eq!(touch(&bench, &object, addr, 4, 0), Fault::SigBus);
    bench.quiet();
}

#[test]
fn a_touch_of_a_poisoned_object_is_a_bus_error() {
    let bench = bench();
    let (object, addr) = mapped(&bench, 4);
    assert_eq!(bench.process.read_byte(addr), Ok(0));
    object
        .base()
        .madvise(&mut object.base().base.resv().lock(), -1);
    assert_eq!(
        bench.process.read_byte(addr),
        Ok(0),
        "what is mapped stays mapped"
    );
    assert_eq!(bench.process.read_byte(addr + PAGE), Err(Errno::EFAULT));
    bench.quiet();
}

#[test]
fn a_touch_without_pages_warns_once_and_is_a_bus_error() {
    let bench = bench();
    let (object, addr) = mapped(&bench, 4);
    object.base().unpin();
    assert_eq!(bench.process.read_byte(addr), Err(Errno::EFAULT));
    bench.warned();
    assert_eq!(bench.process.read_byte(addr), Err(Errno::EFAULT));
    bench.quiet();
}

#[test]
fn a_touch_of_an_entry_that_a_driver_left_empty_is_a_crash() {
    let bench = bench();
    let (object, addr) = mapped(&bench, 4);
    if let Some(pages) = &mut object.base().racy_mut().pages {
        pages[1] = None;
    }
    assert_eq!(bench.process.read_byte(addr), Ok(0));
    assert_eq!(bench.process.read_byte(addr + PAGE), Err(Errno::EFAULT));
    bench.crashed();
}

#[test]
fn after_a_cut_at_the_front_pages_count_from_the_new_start() {
    let bench = bench();
    let (object, addr) = mapped(&bench, 3);
    let own = bench.map(&object).expect("it can be mapped");
    for page in 0..3 {
        bench
            .process
            .write(own + page * PAGE, &[0xa0 + page as u8])
            .expect("it is mapped");
    }
    bench.process.munmap(addr, PAGE).expect("it is mapped");
    assert_eq!(
        bench.process.read_byte(addr + PAGE),
        Ok(0xa0),
        "page 0 again"
    );
    assert_eq!(bench.process.read_byte(addr + 2 * PAGE), Ok(0xa1));
}

#[test]
fn a_page_that_was_touched_before_the_cut_is_the_right_one() {
    let bench = bench();
    let (_object, addr) = mapped(&bench, 2);
    bench
        .process
        .write(addr + PAGE, &[0xa1])
        .expect("it is mapped");
    bench.process.munmap(addr, PAGE).expect("it is mapped");
    assert_eq!(bench.process.read_byte(addr + PAGE), Ok(0xa1));
}

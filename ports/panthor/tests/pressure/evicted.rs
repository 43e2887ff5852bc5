//! What is done with a space while objects of it are evicted, and a device that does not answer when they shall be.

use drm_core::PAGE_SIZE;
use drm_core::errno::Errno;
use drm_core::machine::Fail;
use port_kit::mmu::Access;
use port_panthor::uapi::{VM_BIND_OP_TYPE_UNMAP, VmBindOp};

use super::world::{OBJECTS, PAGES, Pressure, SIZE, va};

/// One page in the middle of an object.
const MIDDLE: u64 = PAGES / 2;

/// Leaves of what user space mapped; the kernel's own objects stay.
fn leaves(run: &Pressure) -> u64 {
    run.vm(0).walk(0, va(OBJECTS + 1)).leaves
}

#[test]
fn a_device_that_does_not_answer_keeps_its_pages() {
    let run = Pressure::new(1);
    run.gpu_store(0, va(1) + MIDDLE * PAGE_SIZE, 7);
    let before = run.vm(0).walk(0, u64::MAX).text;
    run.gpu.hw().set_stuck(true);
    assert_eq!(run.shrink(), 0);
    assert_eq!(run.vm(0).walk(0, u64::MAX).text, before);
    run.gpu.hw().set_stuck(false);
    assert_eq!(run.cpu_load(&run.objects[1], MIDDLE), 7);

    // Asked again, it answers; and what the CPU looks at comes back.
    assert_eq!(run.shrink(), OBJECTS as u64 * PAGES);
    assert_eq!(leaves(&run), 0);
    assert_eq!(run.cpu_load(&run.objects[1], MIDDLE), 7);
    run.gpu_store(0, va(1) + (MIDDLE + 1) * PAGE_SIZE, 8);
    assert_eq!(run.cpu_load(&run.objects[1], MIDDLE + 1), 8);
    assert_eq!(run.machine.trace().take(), []);
}

#[test]
fn a_part_of_an_evicted_mapping_is_unmapped_and_the_rest_comes_back() {
    let run = Pressure::new(1);
    run.gpu_store(0, va(1), 7);
    run.shrink();
    run.bind(
        run.spaces[0],
        VmBindOp {
            flags: VM_BIND_OP_TYPE_UNMAP,
            va: va(1) + MIDDLE * PAGE_SIZE,
            size: PAGE_SIZE,
            ..VmBindOp::default()
        },
    );
    let vm = run.vm(0);
    assert_eq!(leaves(&run), 0);

    run.gpu_store(0, va(1) + (MIDDLE + 1) * PAGE_SIZE, 8);
    assert_eq!(run.cpu_load(&run.objects[1], 0), 7);
    assert_eq!(run.cpu_load(&run.objects[1], MIDDLE + 1), 8);
    let seen = |page| vm.translate(va(1) + page * PAGE_SIZE, Access::Read).is_ok();
    let pages: Vec<bool> = (0..PAGES).map(seen).collect();
    let expected: Vec<bool> = (0..PAGES).map(|page| page != MIDDLE).collect();
    assert_eq!(pages, expected);
    assert_eq!(run.machine.trace().take(), []);
}

#[test]
fn an_evicted_object_is_mapped_once_more_and_both_mappings_come_back() {
    let run = Pressure::new(1);
    run.gpu_store(0, va(1) + PAGE_SIZE, 7);
    run.shrink();
    let again = va(OBJECTS);
    let map = VmBindOp {
        bo_handle: run.objects[1].handle,
        va: again,
        size: SIZE,
        ..VmBindOp::default()
    };
    run.bind(run.spaces[0], map);
    run.gpu_store(0, again + 2 * PAGE_SIZE, 8);
    let vm = run.vm(0);
    let at = |va| vm.translate(va, Access::Read).map(|(pa, _)| pa);
    assert!(at(va(1)).is_ok());
    for page in 0..PAGES {
        assert_eq!(
            at(va(1) + page * PAGE_SIZE),
            at(again + page * PAGE_SIZE),
            "page {page}"
        );
    }
    assert_eq!(run.cpu_load(&run.objects[1], 1), 7);
    assert_eq!(run.cpu_load(&run.objects[1], 2), 8);
    assert_eq!(run.machine.trace().take(), []);
}

#[test]
fn an_evicted_object_that_is_unmapped_everywhere_keeps_its_contents() {
    let run = Pressure::new(1);
    run.gpu_store(0, va(1) + PAGE_SIZE, 7);
    run.shrink();
    run.bind(
        run.spaces[0],
        VmBindOp {
            flags: VM_BIND_OP_TYPE_UNMAP,
            va: va(1),
            size: SIZE,
            ..VmBindOp::default()
        },
    );
    // A job of the space brings back what is still mapped, and that alone.
    run.gpu_store(0, va(2), 8);
    let vm = run.vm(0);
    assert!(vm.translate(va(1), Access::Read).is_err());
    assert!(vm.translate(va(2), Access::Read).is_ok());
    assert_eq!(run.cpu_load(&run.objects[1], 1), 7);
    let map = VmBindOp {
        bo_handle: run.objects[1].handle,
        va: va(1),
        size: SIZE,
        ..VmBindOp::default()
    };
    run.bind(run.spaces[0], map);
    assert!(vm.translate(va(1), Access::Read).is_ok());
    assert_eq!(run.machine.trace().take(), []);
}

#[test]
fn a_job_whose_objects_cannot_come_back_can_be_submitted_again() {
    let run = Pressure::new(1);
    run.gpu_store(0, va(1), 7);
    run.shrink();
    let stream = run.write_stream(0, va(2), 8);
    // Pages of other objects come first; then the swap cannot be read.
    run.machine.failpoints().fail_nth(Fail::SwapIn, 2 * PAGES);
    assert_eq!(run.submit(0, stream), Err(Errno::EIO));
    assert!(run.machine.failpoints().disarm());
    assert_eq!(run.submit(0, stream), Ok(()));
    assert_eq!(run.cpu_load(&run.objects[1], 0), 7);
    assert_eq!(run.cpu_load(&run.objects[2], 0), 8);
    assert_eq!(run.machine.trace().take(), []);
}

//! Fences, and which of them a reservation makes one wait for.

use drm_core::errno::Errno;
use drm_core::gem::Object as _;
use drm_core::machine::{Deadline, Fail};
use drm_core::prime::{self, Direction};
use drm_core::resv::{Fence, FenceContext, Resv, Usage};
use drm_core::sync::Arc;
use drm_core::sync::atomic::{AtomicUsize, Ordering};

use crate::support::bench;

const USAGES: [Usage; 4] = [Usage::Kernel, Usage::Write, Usage::Read, Usage::Bookkeep];

#[test]
fn a_user_of_one_kind_waits_for_all_kinds_above() {
    let bench = bench();
    for (added, waits) in [
        (Usage::Kernel, [true, true, true, true]),
        (Usage::Write, [false, true, true, true]),
        (Usage::Read, [false, false, true, true]),
        (Usage::Bookkeep, [false, false, false, true]),
    ] {
        let resv = Resv::new(&bench.machine);
        let fence = FenceContext::new().fence();
        let mut guard = resv.lock();
        guard.reserve_fences(1).expect("there is memory");
        guard.add_fence(&fence, added);
        assert_eq!(
            USAGES.map(|usage| !resv.test_signaled(usage)),
            waits,
            "{added:?}"
        );
        assert_eq!(
            USAGES.map(|usage| resv.fences(usage).len() == 1),
            waits,
            "{added:?}"
        );
        fence.signal();
        assert!(resv.test_signaled(Usage::Bookkeep));
    }
}

#[test]
fn a_later_fence_of_the_sequence_takes_the_place_of_the_earlier() {
    let bench = bench();
    let (resv, context) = (Resv::new(&bench.machine), FenceContext::new());
    let (first, second) = (context.fence(), context.fence());
    assert!(second.is_later(&first) && !first.is_later(&second));
    let mut guard = resv.lock();
    guard.reserve_fences(2).expect("there is memory");
    guard.add_fence(&first, Usage::Read);
    guard.add_fence(&second, Usage::Write);
    assert_eq!(
        resv.fences(Usage::Bookkeep).len(),
        1,
        "one usage is stronger than the other"
    );
    guard.add_fence(&first, Usage::Write);
    assert_eq!(
        resv.fences(Usage::Bookkeep).len(),
        2,
        "an earlier one replaces nothing"
    );
    guard.add_fence(&FenceContext::new().fence(), Usage::Write);
    bench.warned();
}

#[test]
fn a_fence_that_signalled_makes_room() {
    let bench = bench();
    let resv = Resv::new(&bench.machine);
    let mut guard = resv.lock();
    guard.reserve_fences(1).expect("there is memory");
    let first = FenceContext::new().fence();
    guard.add_fence(&first, Usage::Write);
    first.signal();
    guard.add_fence(&FenceContext::new().fence(), Usage::Read);
    assert_eq!(resv.fences(Usage::Bookkeep).len(), 1);
    bench.quiet();
}

#[test]
fn room_for_fences_is_lost_with_the_lock_and_can_fail() {
    let bench = bench();
    let resv = Resv::new(&bench.machine);
    resv.lock().reserve_fences(3).expect("there is memory");
    resv.lock()
        .add_fence(&FenceContext::new().fence(), Usage::Write);
    bench.warned();
    bench.machine.failpoints().fail_nth(Fail::Alloc, 1);
    assert_eq!(resv.lock().reserve_fences(1), Err(Errno::ENOMEM));
}

#[test]
fn callbacks_run_once_in_order_and_at_once_when_it_is_late() {
    let (fence, runs) = (FenceContext::new().fence(), Arc::<AtomicUsize>::default());
    for expected in 0..2 {
        let runs = Arc::clone(&runs);
        fence.on_signal(move || assert_eq!(runs.fetch_add(1, Ordering::SeqCst), expected));
    }
    assert_eq!(runs.load(Ordering::SeqCst), 0);
    fence.signal();
    fence.signal();
    assert_eq!(runs.load(Ordering::SeqCst), 2);
    let late = Arc::clone(&runs);
    fence.on_signal(move || assert_eq!(late.fetch_add(1, Ordering::SeqCst), 2));
    assert_eq!(runs.load(Ordering::SeqCst), 3);
    assert!(Fence::signaled().is_signaled());
}

#[test]
fn a_wait_ends_with_the_work_or_at_its_deadline() {
    let bench = bench();
    let fence = FenceContext::new().fence();
    let done = |fence: &Fence| {
        let fence = fence.clone();
        move || fence.is_signaled()
    };
    let clock = bench.machine.clock();
    assert_eq!(
        bench.machine.wait_until(Deadline::Now, done(&fence)),
        Err(Errno::ETIME)
    );
    let at = Deadline::At(clock.now() + 1_000);
    assert_eq!(
        bench.machine.wait_until(at, done(&fence)),
        Err(Errno::ETIME)
    );
    assert_eq!(clock.now(), 1_000, "time passed, nobody slept");
    let work = fence.clone();
    bench.machine.add_hardware(move || {
        let was = work.is_signaled();
        work.signal();
        !was
    });
    assert_eq!(
        bench.machine.wait_until(Deadline::Never, done(&fence)),
        Ok(())
    );
    bench.quiet();
    let never = FenceContext::new().fence();
    assert_eq!(
        bench.machine.wait_until(Deadline::Never, done(&never)),
        Err(Errno::EINTR)
    );
    bench.warned();
}

#[test]
fn the_cpu_waits_for_writers_and_when_it_writes_for_readers() {
    let bench = bench();
    let object = bench.buffer(1);
    let dma_buf = prime::export(object.gem(), true).expect("it can be exported");
    let fence = FenceContext::new().fence();
    let mut guard = object.gem().resv().lock();
    guard.reserve_fences(1).expect("there is memory");
    guard.add_fence(&fence, Usage::Read);
    drop(guard);
    let signalled = |direction| dma_buf.begin_cpu_access(direction).is_ok();
    assert!(
        signalled(Direction::FromDevice),
        "a reader does not disturb a reader"
    );
    assert!(!signalled(Direction::ToDevice) && !signalled(Direction::Bidirectional));
    assert!(dma_buf.sync(1).is_ok() && dma_buf.sync(2).is_err() && dma_buf.sync(3).is_err());
    fence.signal();
    assert!(signalled(Direction::Bidirectional));
    for flags in [0, 4, 8, 9, u64::MAX] {
        assert_eq!(dma_buf.sync(flags), Err(Errno::EINVAL), "{flags}");
    }
}

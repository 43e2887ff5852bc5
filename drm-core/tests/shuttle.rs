//! The protocols of the ground, schedule by schedule: run with `--features shuttle`.

#![cfg(feature = "shuttle")]

use drm_core::device::{Device, Driver};
use drm_core::dma::{DmaConfig, DmaDevice};
use drm_core::exec::{Exec, Flags};
use drm_core::gem::{Gem, Header, Object};
use drm_core::machine::{Config, Machine};
use drm_core::resv::{FenceContext, Usage};
use drm_core::sync::Arc;
use drm_core::sync::atomic::{AtomicUsize, Ordering};
use shuttle::thread;

const SCHEDULES: usize = 1_000;

struct Bare;

impl Driver for Bare {
    fn name(&self) -> &'static str {
        "bare"
    }
}

struct Least(Header);

impl Object for Least {
    fn gem(&self) -> &Header {
        &self.0
    }
}

fn device() -> Device {
    let config = Config {
        ram: 1 << 20,
        swap: 0,
        ..Config::default()
    };
    let machine = Machine::new(config).expect("the host has memory for the machine");
    Device::new(
        DmaDevice::new(&machine, "bare", DmaConfig::default()),
        Arc::new(Bare),
    )
}

fn objects(dev: &Device, n: usize) -> Vec<Gem> {
    let object = |_| Gem::new(Least(Header::new_private(dev, 4096))).into_dyn();
    (0..n).map(object).collect()
}

#[test]
fn transactions_in_different_orders_never_deadlock_and_never_overlap() {
    shuttle::check_random(
        || {
            let dev = device();
            let set = objects(&dev, 3);
            let inside = Arc::new(AtomicUsize::new(0));
            let workers: Vec<_> = [[0, 1, 2], [2, 1, 0], [1, 2, 0]]
                .into_iter()
                .map(|order| {
                    let order: Vec<_> = order.iter().map(|i: &usize| set[*i].clone()).collect();
                    let inside = Arc::clone(&inside);
                    thread::spawn(move || {
                        let mut exec = Exec::new(Flags::empty());
                        let locked = exec.until_all_locked(|exec| exec.prepare_all(&order, 1));
                        locked.expect("it ends");
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        inside.fetch_sub(1, Ordering::SeqCst);
                    })
                })
                .collect();
            for worker in workers {
                worker.join().expect("it ends");
            }
            assert!(set.iter().all(|object| !object.gem().resv().is_locked()));
            assert!(dev.machine().trace().take().is_empty());
        },
        SCHEDULES,
    );
}

#[test]
fn the_last_reference_is_dropped_by_one() {
    shuttle::check_random(
        || {
            let dev = device();
            let object = objects(&dev, 1).remove(0);
            let weak = object.downgrade();
            let other = object.clone();
            let dropping = thread::spawn(move || drop(other));
            let looking = thread::spawn(move || drop(weak.upgrade()));
            drop(object);
            dropping.join().expect("it ends");
            looking.join().expect("it ends");
            assert_eq!(dev.object_count(), 0);
        },
        SCHEDULES,
    );
}

#[test]
fn a_callback_runs_once_whether_it_is_early_or_late() {
    shuttle::check_random(
        || {
            let (fence, runs) = (FenceContext::new().fence(), Arc::new(AtomicUsize::new(0)));
            let (signalled, counted) = (fence.clone(), Arc::clone(&runs));
            let worker = thread::spawn(move || signalled.signal());
            fence.on_signal(move || {
                counted.fetch_add(1, Ordering::SeqCst);
            });
            worker.join().expect("it ends");
            assert_eq!(runs.load(Ordering::SeqCst), 1);
        },
        SCHEDULES,
    );
}

#[test]
fn a_scan_and_a_job_never_have_the_same_object() {
    shuttle::check_random(
        || {
            let dev = device();
            let (lru, gone) = (dev.lru_lock().new_list(), dev.lru_lock().new_list());
            let set = objects(&dev, 2);
            set.iter().for_each(|object| lru.move_tail(object.gem()));
            let busy = set[0].clone();
            let job = thread::spawn(move || {
                let mut guard = busy.gem().resv().lock();
                guard.reserve_fences(1).expect("there is memory");
                guard.add_fence(&FenceContext::new().fence(), Usage::Write);
                busy.gem().lru().list().is_some_and(|list| list.pages() > 0)
            });
            lru.scan(2, |object, _guard| {
                let idle = object.gem().resv().test_signaled(Usage::Bookkeep);
                if idle {
                    gone.move_tail(object.gem());
                }
                idle
            });
            job.join().expect("it ends");
            assert_eq!(lru.pages() + gone.pages(), 2);
            assert!(dev.machine().trace().take().is_empty());
        },
        SCHEDULES,
    );
}

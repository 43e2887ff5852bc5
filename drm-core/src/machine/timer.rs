//! Timers and delayed work: what is to be done when simulated time has come.

use std::collections::BTreeMap;
use std::fmt;

use super::Machine;
use super::clock::Deadline;
use crate::sync::Mutex;

type Work = Box<dyn FnOnce() + Send>;

/// Work by the time it is due, then by the order in which it was queued.
#[derive(Default)]
struct State {
    queued: u64,
    work: BTreeMap<(u64, u64), Work>,
}

/// The timers of one machine.
#[derive(Default)]
pub(super) struct Timers(Mutex<State>);

impl fmt::Debug for Timers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timers")
            .field("queued", &self.0.lock().work.len())
            .finish()
    }
}

impl Machine {
    /// Does `work` at `at` nanoseconds (`mod_timer`, `queue_delayed_work`). Time moves while somebody waits
    /// ([`Machine::wait_until`]) or sleeps ([`Machine::sleep`]); work that was overtaken by then finds out by itself.
    pub fn at(&self, at: u64, work: impl FnOnce() + Send + 'static) {
        let mut state = self.timers.0.lock();
        let number = state.queued;
        state.queued += 1;
        state.work.insert((at, number), Box::new(work));
    }

    /// Lets `ns` nanoseconds pass, and what is due meanwhile be done (`msleep`).
    pub fn sleep(&self, ns: u64) {
        let until = Deadline::At(self.clock().now().saturating_add(ns));
        while self.run_timer(until) {}
        self.clock().advance_to(until);
    }

    /// Moves time to the next work that is due no later than `deadline`, and does it; `false` when there is none.
    pub(super) fn run_timer(&self, deadline: Deadline) -> bool {
        let latest = match deadline {
            Deadline::Now => self.clock().now(),
            Deadline::At(at) => at,
            Deadline::Never => u64::MAX,
        };
        let (at, work) = {
            let mut state = self.timers.0.lock();
            match state.work.first_key_value() {
                Some(((at, _), _)) if *at <= latest => {}
                _ => return false,
            }
            let Some(((at, _), work)) = state.work.pop_first() else {
                return false;
            };
            (at, work)
        };
        self.clock().advance_to(Deadline::At(at));
        work();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::errno::Errno;
    use crate::machine::Config;
    use crate::sync::Arc;
    use crate::sync::atomic::{AtomicBool, Ordering};

    fn machine() -> Machine {
        Machine::new(Config {
            ram: 1 << 20,
            ..Config::default()
        })
        .expect("host memory")
    }

    #[test]
    fn work_is_done_when_due_and_in_order() {
        let machine = machine();
        let done = Arc::new(Mutex::new(Vec::new()));
        for at in [30, 10, 20, 10] {
            let (done, clock) = (Arc::clone(&done), machine.clone());
            machine.at(at, move || done.lock().push((at, clock.clock().now())));
        }
        machine.sleep(20);
        assert_eq!(*done.lock(), [(10, 10), (10, 10), (20, 20)]);
        machine.sleep(100);
        assert_eq!(machine.clock().now(), 120);
        assert_eq!(done.lock().len(), 4);
    }

    #[test]
    fn a_wait_ends_with_the_work_that_it_waits_for_but_not_before_its_deadline() {
        let machine = machine();
        let flag = Arc::new(AtomicBool::new(false));
        let set = Arc::clone(&flag);
        machine.at(500, move || set.store(true, Ordering::SeqCst));
        let done = || flag.load(Ordering::SeqCst);
        assert_eq!(
            machine.wait_until(Deadline::At(499), done),
            Err(Errno::ETIME)
        );
        assert_eq!(machine.wait_until(Deadline::At(1000), done), Ok(()));
        assert_eq!(machine.clock().now(), 500);
    }
}

//! Simulated time: it moves only when told to.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Machine;
use crate::errno::{Errno, Result};
use crate::sync::{Arc, Mutex};

/// Monotonic nanoseconds since power-on.
#[derive(Debug, Default)]
pub struct Clock(AtomicU64);

/// When a wait gives up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deadline {
    /// Do not wait at all.
    Now,
    /// At this absolute time, in nanoseconds.
    At(u64),
    /// Never.
    Never,
}

impl Clock {
    /// Nanoseconds since power-on.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    /// Lets `ns` nanoseconds pass.
    pub fn advance(&self, ns: u64) {
        self.0.fetch_add(ns, Ordering::SeqCst);
    }

    /// Lets time pass up to `deadline`, if it is a finite one; `false` when it never comes.
    pub fn advance_to(&self, deadline: Deadline) -> bool {
        match deadline {
            Deadline::Now => true,
            Deadline::At(at) => {
                self.0.fetch_max(at, Ordering::SeqCst);
                true
            }
            Deadline::Never => false,
        }
    }
}

type Hardware = Arc<dyn Fn() -> bool + Send + Sync>;

/// What goes on while the kernel waits.
#[derive(Default)]
pub(super) struct Idle(Mutex<Vec<Hardware>>);

impl fmt::Debug for Idle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Idle")
            .field("hardware", &self.0.lock().len())
            .finish()
    }
}

impl Machine {
    /// Registers hardware that goes on while the kernel waits: `step` does one piece of work (finishes a job, raises an
    /// interrupt) and answers whether there was any.
    pub fn add_hardware(&self, step: impl Fn() -> bool + Send + Sync + 'static) {
        self.idle.0.lock().push(Arc::new(step));
    }

    /// Waits until `done`, letting the hardware work and timers run meanwhile, no longer than `deadline`.
    ///
    /// `ETIME` at the deadline. A wait without deadline that no hardware can end is a hang: it is recorded as one, and
    /// answers `EINTR`, as if the process had been killed.
    pub fn wait_until(&self, deadline: Deadline, done: impl Fn() -> bool) -> Result {
        loop {
            if done() {
                return Ok(());
            }
            let hardware = if deadline == Deadline::Now {
                Vec::new()
            } else {
                self.idle.0.lock().clone()
            };
            if hardware.iter().any(|step| step()) {
                continue;
            }
            if deadline != Deadline::Now && self.run_timer(deadline) {
                continue;
            }
            if self.clock.advance_to(deadline) {
                return if done() { Ok(()) } else { Err(Errno::ETIME) };
            }
            self.oops("task hung: waits for something that nothing will end");
            return Err(Errno::EINTR);
        }
    }
}

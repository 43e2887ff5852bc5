//! Progress of a long step, on standard error, only where a person is watching.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};

/// How far a step is. Shown in steps of a percent, and never where standard error is no terminal.
#[derive(Debug)]
pub(crate) struct Progress {
    what: &'static str,
    shown: bool,
    total: AtomicU64,
    done: AtomicU64,
}

impl Progress {
    /// A step named `what`.
    pub(crate) fn new(what: &'static str) -> Self {
        let shown = std::io::stderr().is_terminal();
        Progress {
            what,
            shown,
            total: AtomicU64::new(0),
            done: AtomicU64::new(0),
        }
    }

    /// How much there is to do, in the step's own unit.
    pub(crate) fn expect(&self, total: u64) {
        self.total.store(total, Ordering::Relaxed);
    }

    /// Adds to what is done.
    pub(crate) fn advance(&self, by: u64) {
        let before = self.done.fetch_add(by, Ordering::Relaxed);
        let total = self.total.load(Ordering::Relaxed);
        if !self.shown || total == 0 {
            return;
        }
        let percent = |done: u64| done.min(total) * 100 / total;
        if percent(before) != percent(before + by) {
            // A terminal that went away is no reason to stop.
            let _ = write!(
                std::io::stderr(),
                "\r{} {:3} %",
                self.what,
                percent(before + by)
            );
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

//! The trace: plain events, rendered to text only when asked.

use crate::sync::Mutex;
use std::fmt;

/// Something that the kernel log would show, or that an observer of the machine is told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A warning with a back trace; the place that raised it.
    Warning(&'static str),
    /// A line of the kernel log.
    Log(String),
    /// The kernel would have crashed: what broke.
    Oops(String),
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Warning(site) => write!(f, "warning: {site}"),
            Self::Log(line) => write!(f, "log: {line}"),
            Self::Oops(what) => write!(f, "oops: {what}"),
        }
    }
}

/// Events in the order they happened.
#[derive(Debug, Default)]
pub struct Trace(Mutex<Vec<Event>>);

impl Trace {
    /// Appends an event.
    pub fn record(&self, event: Event) {
        self.0.lock().push(event);
    }

    /// Takes the events recorded since the last call.
    #[must_use]
    pub fn take(&self) -> Vec<Event> {
        std::mem::take(&mut *self.0.lock())
    }
}

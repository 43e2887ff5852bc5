//! The token of a pin.

use drm_core::machine::Machine;

/// A pin of one object's pages.
///
/// Holding it tells you that the pages are resident and stay where they are; not that they are mapped for any device.
/// It goes back to [`super::Backing::unpin`]; one that is dropped instead is a pin for ever, and raises a warning.
#[derive(Debug)]
#[must_use = "give it back with `Backing::unpin`, or the pages stay pinned for ever"]
pub struct Pin {
    machine: Machine,
    /// The object's identity; 0 once it was given back.
    of: usize,
}

impl Pin {
    pub(super) fn new(machine: &Machine, of: usize) -> Self {
        Self {
            machine: machine.clone(),
            of,
        }
    }

    /// Ends the token; whether it was of the object with this identity.
    pub(super) fn end(mut self, of: usize) -> bool {
        let matches = self.of == of;
        if matches {
            self.of = 0;
        }
        matches
    }

    /// Ends the token of an object that dies, and with it all its counts.
    pub(crate) fn end_gone(mut self) {
        self.of = 0;
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        if self.of != 0 {
            self.machine
                .warn("gem-uma: pin dropped instead of given back");
        }
    }
}

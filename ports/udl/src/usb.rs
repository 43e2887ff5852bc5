//! The bulk pipe to the chip: a fixed set of transfers, reused as the chip takes them (`udl_main.c`).

use std::collections::VecDeque;

use drm_core::errno::{Errno, Result};
use drm_core::machine::{Deadline, Event, Machine};
use drm_core::sync::{Arc, Mutex, MutexGuard};

use super::chip::Chip;

/// Transfers in flight, at most.
const TRANSFERS: usize = 20;
/// Bytes of a transfer, at most: 16 pages less one packet.
pub const TRANSFER_SIZE: usize = 16 * 4096 - 512;
/// Nanoseconds that the driver waits for a free transfer.
const TIMEOUT: u64 = 1_000_000_000;

#[derive(Debug)]
struct State {
    /// Transfers that exist.
    count: usize,
    /// Transfers that nobody uses.
    free: usize,
    in_flight: VecDeque<Vec<u8>>,
    /// The chip takes nothing.
    stalled: bool,
    /// Bytes of every transfer that was sent.
    sent: Vec<usize>,
    chip: Chip,
}

/// The pipe. A clone is the same.
#[derive(Clone, Debug)]
pub struct Usb {
    machine: Machine,
    state: Arc<Mutex<State>>,
}

impl Usb {
    pub(crate) fn new(machine: &Machine) -> Self {
        let state = Arc::new(Mutex::new(State {
            count: TRANSFERS,
            free: TRANSFERS,
            in_flight: VecDeque::new(),
            stalled: false,
            sent: Vec::new(),
            chip: Chip::default(),
        }));
        let chip = Arc::downgrade(&state);
        machine.add_hardware(move || {
            let state = chip.upgrade();
            state.is_some_and(|state| state.lock().complete_one())
        });
        Self {
            machine: machine.clone(),
            state,
        }
    }

    /// A free transfer, waiting up to a second for the chip (`udl_get_urb`). `None` when none comes free, and once the display
    /// is pulled.
    pub(crate) fn get(&self) -> Option<Transfer> {
        let ready = |state: MutexGuard<'_, State>| state.count == 0 || state.free > 0;
        let until = Deadline::At(self.machine.clock().now() + TIMEOUT);
        if self
            .machine
            .wait_until(until, || ready(self.state.lock()))
            .is_err()
        {
            self.machine.trace().record(Event::Log(
                "wait for urb interrupted: available: 0".to_owned(),
            ));
            return None;
        }
        let mut state = self.state.lock();
        state.free = state.free.checked_sub(1)?;
        Some(Transfer {
            usb: self.clone(),
            bytes: Vec::new(),
            submitted: false,
        })
    }

    /// Gives every transfer back, after those in flight (`udl_free_urb_list`).
    pub(crate) fn drop_transfers(&self) {
        let mut state = self.state.lock();
        while state.complete_one() {}
        state.in_flight.clear();
        (state.count, state.free) = (0, 0);
    }

    /// Lets the chip take nothing any more, or go on.
    pub fn stall(&self, stalled: bool) {
        self.state.lock().stalled = stalled;
    }

    /// Lets the chip take everything that is in flight, and shows it.
    pub fn with_chip<R>(&self, look: impl FnOnce(&Chip) -> R) -> R {
        let mut state = self.state.lock();
        while state.complete_one() {}
        look(&state.chip)
    }

    /// The bytes of every transfer sent since the last call.
    #[must_use]
    pub fn take_sent(&self) -> Vec<usize> {
        std::mem::take(&mut self.state.lock().sent)
    }

    /// Transfers that nobody uses.
    #[must_use]
    pub fn free_transfers(&self) -> usize {
        self.state.lock().free
    }
}

impl State {
    /// The chip takes the oldest transfer (`udl_urb_completion`).
    fn complete_one(&mut self) -> bool {
        if self.stalled {
            return false;
        }
        let Some(transfer) = self.in_flight.pop_front() else {
            return false;
        };
        self.chip.receive(&transfer);
        self.free = (self.free + 1).min(self.count);
        true
    }
}

/// A transfer that the driver fills. Dropped without being submitted, it is free again.
pub(crate) struct Transfer {
    usb: Usb,
    pub(crate) bytes: Vec<u8>,
    submitted: bool,
}

impl Transfer {
    /// Sends it (`udl_submit_urb`). `EINVAL` for more bytes than it holds, `ENODEV` once the display is pulled.
    pub(crate) fn submit(mut self) -> Result {
        if self.bytes.len() > TRANSFER_SIZE {
            self.usb.machine.warn("udl: transfer too long");
            return Err(Errno::EINVAL);
        }
        let bytes = std::mem::take(&mut self.bytes);
        let mut state = self.usb.state.lock();
        if state.count == 0 {
            return Err(Errno::ENODEV);
        }
        state.sent.push(bytes.len());
        state.in_flight.push_back(bytes);
        drop(state);
        self.submitted = true;
        Ok(())
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        if !self.submitted {
            let mut state = self.usb.state.lock();
            state.free = (state.free + 1).min(state.count);
        }
    }
}

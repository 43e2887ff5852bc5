//! Job slots: one job that runs and one that waits in each.

use super::{Gpu, SLOTS};
use crate::regs::*;

/// `JS_STATUS` of a job that ended well.
pub const JS_STATUS_DONE: u32 = 0x01;
const JS_STATUS_STOPPED: u32 = 0x03;
const JS_STATUS_TERMINATED: u32 = 0x04;
/// `JS_STATUS` of a job that runs.
pub const JS_STATUS_ACTIVE: u32 = 0x08;

/// The registers of a slot, and whether a job runs in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SlotState {
    /// A job runs.
    pub active: bool,
    /// VA of its first descriptor.
    pub head: u64,
    /// VA of the descriptor that was looked at last.
    pub tail: u64,
    /// `JS_CONFIG`.
    pub config: u32,
    /// `JS_STATUS`.
    pub status: u32,
    /// `JS_COMMAND_NEXT`.
    pub next: u32,
    head_next: u64,
    config_next: u32,
    affinity_next: u64,
    flush_id_next: u32,
}

impl SlotState {
    /// The address space of the running job.
    #[must_use]
    pub fn space(&self) -> usize {
        (self.config & 0xf) as usize
    }

    /// Starts the waiting job when none runs.
    fn promote(&mut self) {
        if !self.active && self.next == JS_COMMAND_START {
            self.active = true;
            self.head = self.head_next;
            self.tail = self.head_next;
            self.config = self.config_next;
            self.status = JS_STATUS_ACTIVE;
            self.next = JS_COMMAND_NOP;
        }
    }
}

/// The job manager.
#[derive(Debug, Default)]
pub(super) struct JobManager {
    int_raw: u32,
    int_mask: u32,
    js_state: u32,
    pub(super) slots: [SlotState; SLOTS],
}

fn place(reg: u32) -> Option<(usize, u32)> {
    let at = reg.checked_sub(JS_BASE)?;
    let slot = (at / JS_SLOT_STRIDE) as usize;
    (slot < SLOTS).then_some((slot, at % JS_SLOT_STRIDE))
}

fn set_half(word: &mut u64, value: u32, high: bool) {
    *word = if high {
        *word & 0xffff_ffff | u64::from(value) << 32
    } else {
        *word >> 32 << 32 | u64::from(value)
    };
}

impl JobManager {
    pub(super) fn line(&self) -> bool {
        self.int_raw & self.int_mask != 0
    }

    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    pub(super) fn read(&self, reg: u32) -> u32 {
        match reg {
            JOB_INT_RAWSTAT => return self.int_raw,
            JOB_INT_MASK => return self.int_mask,
            JOB_INT_STAT => return self.int_raw & self.int_mask,
            JOB_INT_JS_STATE => return self.js_state,
            _ => {}
        }
        let Some((slot, offset)) = place(reg) else {
            return 0;
        };
        let slot = &self.slots[slot];
        match offset {
            JS_HEAD_LO => slot.head as u32,
            JS_HEAD_HI => (slot.head >> 32) as u32,
            JS_TAIL_LO => slot.tail as u32,
            JS_TAIL_HI => (slot.tail >> 32) as u32,
            JS_CONFIG => slot.config,
            JS_STATUS => slot.status,
            JS_COMMAND_NEXT => slot.next,
            _ => 0,
        }
    }

    pub(super) fn write(&mut self, reg: u32, value: u32) {
        match reg {
            JOB_INT_CLEAR => {
                self.int_raw &= !value;
                self.sample(value);
            }
            JOB_INT_MASK => self.int_mask = value,
            _ => {}
        }
        let Some((number, offset)) = place(reg) else {
            return;
        };
        let slot = &mut self.slots[number];
        match offset {
            JS_HEAD_NEXT_LO => set_half(&mut slot.head_next, value, false),
            JS_HEAD_NEXT_HI => set_half(&mut slot.head_next, value, true),
            JS_AFFINITY_NEXT_LO => set_half(&mut slot.affinity_next, value, false),
            JS_AFFINITY_NEXT_HI => set_half(&mut slot.affinity_next, value, true),
            JS_CONFIG_NEXT => slot.config_next = value,
            JS_FLUSH_ID_NEXT => slot.flush_id_next = value,
            JS_COMMAND_NEXT => {
                slot.next = value;
                slot.promote();
            }
            JS_COMMAND => self.command(number, value),
            _ => {}
        }
    }

    /// Samples `JS_STATE` for the slots of `bits`.
    fn sample(&mut self, bits: u32) {
        for (number, slot) in self.slots.iter().enumerate() {
            let both = mk_js_mask(number);
            if bits & both != 0 {
                let running = u32::from(slot.active) << number;
                let waiting = u32::from(slot.next == JS_COMMAND_START) << (number + 16);
                self.js_state = self.js_state & !both | running | waiting;
            }
        }
    }

    fn command(&mut self, number: usize, command: u32) {
        let slot = &self.slots[number];
        let flag = slot.config & JS_CONFIG_JOB_CHAIN_FLAG != 0;
        let status = match command {
            JS_COMMAND_SOFT_STOP => JS_STATUS_STOPPED,
            JS_COMMAND_HARD_STOP_0 if !flag => JS_STATUS_TERMINATED,
            JS_COMMAND_HARD_STOP_1 if flag => JS_STATUS_TERMINATED,
            _ => return,
        };
        if slot.active {
            self.end(number, status);
        }
    }

    /// The running job ends. A failure holds the waiting one until the driver says go; else it starts at once.
    fn end(&mut self, number: usize, status: u32) {
        let slot = &mut self.slots[number];
        slot.active = false;
        slot.status = status;
        if status == JS_STATUS_DONE {
            self.int_raw |= 1 << number;
            slot.promote();
        } else {
            self.int_raw |= 1 << (number + 16);
        }
    }
}

impl Gpu {
    /// Ends the job that runs in `slot` with a `JS_STATUS`, and raises the interrupt; the state before. Nothing happens where
    /// none runs.
    pub fn finish_job(&self, slot: usize, status: u32) -> SlotState {
        let before = {
            let mut state = self.state.lock();
            let Some(before) = state.jobs.slots.get(slot).copied() else {
                return SlotState::default();
            };
            if before.active {
                state.jobs.end(slot, status);
            }
            before
        };
        self.deliver();
        before
    }
}

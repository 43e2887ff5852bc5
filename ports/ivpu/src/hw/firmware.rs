//! The firmware: it takes jobs from command queues, in the memory of the global context, and runs their commands.
//!
//! What a job computes is not modelled: its command is to do nothing, or to move bytes.

use drm_core::PAGE_SIZE;
use drm_core::sync::atomic::Ordering;

use super::Npu;
use super::mmu::Event;

/// Bytes of a queue's header, and of an entry.
const SLOT: u64 = 64;
/// Entries of a queue of one page.
pub const ENTRIES: u32 = (PAGE_SIZE / SLOT) as u32 - 1;
/// SSID of the global context.
const GLOBAL: u32 = 0;

/// A command that does nothing.
pub const NOP: u64 = 0;
/// A command that copies.
pub const COPY: u64 = 1;

/// The words of a command, as a command buffer has them.
#[must_use]
pub fn command(code: u64, from: u64, to: u64, bytes: u64) -> [u64; 4] {
    [code, from, to, bytes]
}

/// A command queue that the firmware knows (`ivpu_jsm_register_db`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doorbell {
    /// The context whose jobs are in it.
    pub ssid: u32,
    /// Where it is, in the global context.
    pub queue: u64,
}

/// An entry of a queue (`struct vpu_job_queue_entry`).
#[derive(Clone, Copy, Debug, Default, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct Entry {
    /// Device address of the commands, in the context of the queue.
    pub commands: u64,
    /// The driver's number of the job.
    pub job_id: u32,
    /// Padding.
    pub pad: u32,
}

/// Where entry `index` of a queue is.
pub(crate) fn entry_offset(index: u32) -> u64 {
    SLOT + u64::from(index) * SLOT
}

impl Npu {
    pub(crate) fn register(&self, doorbell: Doorbell) {
        self.doorbells.lock().push(doorbell);
    }

    /// `ivpu_jsm_unregister_db`.
    pub(crate) fn unregister(&self, doorbell: Doorbell) {
        self.doorbells.lock().retain(|known| *known != doorbell);
    }

    /// The next job of each queue that has one; whether there was any.
    pub(super) fn step(&self) -> bool {
        if self.paused.load(Ordering::SeqCst) || !self.mmu.is_on() {
            return false;
        }
        let doorbells = self.doorbells.lock().clone();
        let mut worked = false;
        for doorbell in doorbells {
            worked |= self.step_queue(doorbell);
        }
        worked
    }

    fn step_queue(&self, doorbell: Doorbell) -> bool {
        let mut header = [0; 8];
        if self.read(GLOBAL, doorbell.queue, &mut header).is_err() {
            return false;
        }
        let (head, tail) = header.split_at(4);
        let word = |bytes: &[u8]| bytes.try_into().map_or(0, u32::from_le_bytes);
        let (head, tail) = (word(head), word(tail));
        if head == tail {
            return false;
        }
        let mut bytes = [0; size_of::<Entry>()];
        let at = doorbell.queue + entry_offset(head);
        if self.read(GLOBAL, at, &mut bytes).is_err() {
            return false;
        }
        let entry: Entry = bytemuck::pod_read_unaligned(&bytes);
        let next = ((head + 1) % ENTRIES).to_le_bytes();
        if self.write(GLOBAL, doorbell.queue, &next).is_err() {
            return false;
        }
        match self.job(doorbell.ssid, entry.commands) {
            Ok(()) => self.raise(|driver| driver.job_done(entry.job_id, 0)),
            Err(event) => {
                self.raise(|driver| driver.mmu_event(event));
                self.raise(|driver| driver.job_done(entry.job_id, 256));
            }
        }
        true
    }

    fn job(&self, ssid: u32, commands: u64) -> Result<(), Event> {
        let mut bytes = [0; 32];
        self.read(ssid, commands, &mut bytes)?;
        let (words, _) = bytes.as_chunks::<8>();
        let [code, from, to, len] = [0, 1, 2, 3].map(|at: usize| u64::from_le_bytes(words[at]));
        if code != COPY {
            return Ok(());
        }
        // More than a page at a time is nothing that a scenario needs.
        let mut data = vec![0; len.min(PAGE_SIZE) as usize];
        self.read(ssid, from, &mut data)?;
        self.write(ssid, to, &data)
    }

    fn read(&self, ssid: u32, va: u64, into: &mut [u8]) -> Result<(), Event> {
        for (byte, va) in into.iter_mut().zip(va..) {
            let pa = self.mmu.translate(ssid, va, false)?;
            let mut one = [0];
            self.machine.ram().read(pa, &mut one);
            *byte = one[0];
        }
        Ok(())
    }

    fn write(&self, ssid: u32, va: u64, from: &[u8]) -> Result<(), Event> {
        for (byte, va) in from.iter().zip(va..) {
            let pa = self.mmu.translate(ssid, va, true)?;
            self.machine.ram().write(pa, &[*byte]);
        }
        Ok(())
    }
}

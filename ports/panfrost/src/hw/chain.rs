//! Job descriptors: what a job chain in memory tells the GPU to do. No shading.
//!
//! A descriptor is a header of 32 bytes (exception status at 0, descriptor size and job type at 16, VA of the next at 24), and
//! what belongs to its type behind it, as on the real hardware:
//!
//! * `Null` does nothing;
//! * `WriteValue` has the VA at 32, kind of value at 40 (6 for 32 bits), value at 48;
//! * `Compute` has no shader cores here, so it copies: VA to read at 32, VA to write at 40, bytes at 48.

use super::slot::JS_STATUS_DONE;
use super::{AccessKind, Accessed, Ended, Gpu, SLOTS};

/// Types of jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobType {
    /// Does nothing.
    Null = 1,
    /// Writes a number.
    WriteValue = 2,
    /// Copies bytes.
    Compute = 4,
}

/// `JS_STATUS` of a job whose descriptor makes no sense.
const JOB_CONFIG_FAULT: u32 = 0x40;
/// `JS_STATUS` of a job that could not read.
const JOB_READ_FAULT: u32 = 0x42;
/// `JS_STATUS` of a job that could not write.
const JOB_WRITE_FAULT: u32 = 0x43;
const IMMEDIATE_32: u32 = 6;
/// Descriptors in a chain, at most: a chain that bites its tail ends.
const LONGEST_CHAIN: usize = 4096;

/// A descriptor of 56 bytes: `arguments` as the type has them.
#[must_use]
pub fn job(kind: JobType, next: u64, arguments: [u64; 3]) -> Vec<u8> {
    let mut bytes = vec![0; 56];
    bytes[16] = 1 | (kind as u8) << 1;
    bytes[24..32].copy_from_slice(&next.to_le_bytes());
    for (at, argument) in [32, 40, 48].into_iter().zip(arguments) {
        bytes[at..at + 8].copy_from_slice(&argument.to_le_bytes());
    }
    bytes
}

/// Why a chain stopped before its end.
enum Stopped {
    /// With this `JS_STATUS`.
    Failed(u32),
    /// Never: it waits for memory for ever.
    Hung,
}

impl Gpu {
    /// Runs one started job to its end; `false` where none is started, or all hang.
    pub(super) fn run_one_job(&self) -> bool {
        for slot in 0..SLOTS {
            let Some(state) = self.slot(slot).filter(|state| state.active) else {
                continue;
            };
            let status = match self.run_chain(state.space(), state.head) {
                Ok(()) => JS_STATUS_DONE,
                Err(Stopped::Failed(status)) => status,
                Err(Stopped::Hung) => continue,
            };
            self.finish_job(slot, status);
            return true;
        }
        false
    }

    fn run_chain(&self, space: usize, head: u64) -> Result<(), Stopped> {
        let mut va = head;
        for _ in 0..LONGEST_CHAIN {
            if va == 0 {
                return Ok(());
            }
            self.run_descriptor(space, va)?;
            self.store(space, va, JS_STATUS_DONE)?;
            va = self.load64(space, va + 24)?;
        }
        Err(Stopped::Failed(JOB_CONFIG_FAULT))
    }

    fn run_descriptor(&self, space: usize, va: u64) -> Result<(), Stopped> {
        let kind = self.load(space, va + 16)? >> 1 & 0x7f;
        let arguments = [
            self.load64(space, va + 32)?,
            self.load64(space, va + 40)?,
            self.load64(space, va + 48)?,
        ];
        match kind {
            kind if kind == JobType::Null as u32 => Ok(()),
            kind if kind == JobType::WriteValue as u32 => {
                let [to, format, value] = arguments;
                if format as u32 != IMMEDIATE_32 {
                    return Err(Stopped::Failed(JOB_CONFIG_FAULT));
                }
                self.store(space, to, value as u32)
            }
            kind if kind == JobType::Compute as u32 => {
                let [from, to, bytes] = arguments;
                for at in (0..bytes).step_by(4) {
                    let value = self.load(space, from + at)?;
                    self.store(space, to + at, value)?;
                }
                Ok(())
            }
            _ => Err(Stopped::Failed(JOB_CONFIG_FAULT)),
        }
    }

    fn load(&self, space: usize, va: u64) -> Result<u32, Stopped> {
        ended(self.access(space, va, AccessKind::Read), JOB_READ_FAULT)
    }

    fn load64(&self, space: usize, va: u64) -> Result<u64, Stopped> {
        let low = self.load(space, va)?;
        Ok(u64::from(low) | u64::from(self.load(space, va + 4)?) << 32)
    }

    fn store(&self, space: usize, va: u64, value: u32) -> Result<(), Stopped> {
        ended(
            self.access(space, va, AccessKind::Write(value)),
            JOB_WRITE_FAULT,
        )
        .map(|_| ())
    }
}

fn ended(accessed: Accessed, failure: u32) -> Result<u32, Stopped> {
    match accessed.ended {
        Ended::Done { value, .. } => Ok(value),
        Ended::Disabled | Ended::Forbidden => Err(Stopped::Failed(failure)),
        Ended::Stuck { .. } => Err(Stopped::Hung),
    }
}

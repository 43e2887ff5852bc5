//! The engine: what a job does to memory. No shading: a job's program is a list of operations in GPU memory.

use super::mmu::Requester;
use super::{Command, Gpu};
use crate::fwif::{self, ccb_cmd, cccb_ctl, commoncontext, fwmemcontext, hwrtdata};

/// One operation of a job: 32 bytes in GPU memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct Op {
    /// One of [`ops`].
    pub code: u32,
    /// Zero.
    pub padding: u32,
    /// Where to store.
    pub to: u64,
    /// Where to load; for a fill, the byte.
    pub from: u64,
    /// Bytes.
    pub len: u64,
}

/// What an [`Op`] does.
pub mod ops {
    /// The program ends.
    pub const END: u32 = 0;
    /// Copies.
    pub const COPY: u32 = 1;
    /// Fills.
    pub const FILL: u32 = 2;
    /// Never ends.
    pub const HANG: u32 = 3;
    /// The parameter buffer is full: the local free list of the render is to grow.
    pub const OUT_OF_MEMORY: u32 = 4;
}

/// What the kernel is told when an address faulted (`ROGUE_FWIF_FWCCB_CMD_CONTEXT_RESET_FLAG_PF`).
const RESET_FLAG_PF: u32 = 1;

/// How a program ended.
enum End {
    Done,
    Hung,
    Fault(u64),
}

/// A job as it stands in a client's buffer: its kind, where its arguments are.
struct Job {
    kind: u32,
    args: u64,
}

impl Job {
    /// Offset of the register that holds the address of the program.
    fn program_register(&self) -> u64 {
        match self.kind {
            ccb_cmd::CDM => 8 + 32,
            ccb_cmd::GEOM => 16,
            ccb_cmd::TQ_3D => 8 + 72,
            // FRAG and FRAG_PR.
            _ => 16 + 96,
        }
    }
}

impl Gpu {
    /// Works through the buffer of a context up to `write`.
    pub(super) fn kick_context(&self, context: u64, write: u32) -> Command {
        let read32 = |addr| self.fw_read32(addr as u32);
        let number = read32(context + commoncontext::SERVER_COMMON_CONTEXT_ID);
        let ctl = u64::from(read32(context + commoncontext::CCBCTL));
        let ccb = u64::from(read32(context + commoncontext::CCB));
        let mem_context = read32(context + commoncontext::FW_MEM_CONTEXT);
        let catalogue = self.fw_read64(mem_context + fwmemcontext::PC_DEV_PADDR as u32);
        self.fw_write32(ctl + cccb_ctl::WRITE_OFFSET, write);
        let mut read = read32(ctl + cccb_ctl::READ_OFFSET);
        while read != write {
            let header = ccb + u64::from(read);
            let (kind, size) = (read32(header), read32(header + 4));
            let args = header + u64::from(ccb_cmd::HEADER_SIZE);
            match kind {
                ccb_cmd::PADDING => {
                    read = 0;
                    self.fw_write32(ctl + cccb_ctl::READ_OFFSET, read);
                    continue;
                }
                ccb_cmd::UPDATE => self.fw_write32(read32(args).into(), read32(args + 4)),
                ccb_cmd::GEOM
                | ccb_cmd::TQ_3D
                | ccb_cmd::FRAG
                | ccb_cmd::FRAG_PR
                | ccb_cmd::CDM => match self.run_job(catalogue, &Job { kind, args }) {
                    End::Done => {}
                    End::Hung => {
                        self.state.lock().hung_jobs += 1;
                        return Command::Kick { context: number };
                    }
                    End::Fault(addr) => self.notify_fault(number, catalogue, addr),
                },
                _ => {}
            }
            read += ccb_cmd::HEADER_SIZE + size;
            self.fw_write32(ctl + cccb_ctl::READ_OFFSET, read);
        }
        Command::Kick { context: number }
    }

    fn run_job(&self, catalogue: u64, job: &Job) -> End {
        let mut pc = self.fw_read64((job.args + job.program_register()) as u32);
        loop {
            let mut bytes = [0; size_of::<Op>()];
            if self
                .load(catalogue, pc, Requester::Shader, &mut bytes)
                .is_err()
            {
                return End::Fault(pc);
            }
            let op: Op = bytemuck::cast(bytes);
            match op.code {
                ops::END => return End::Done,
                ops::HANG => return End::Hung,
                ops::OUT_OF_MEMORY => self.ask_to_grow(job),
                _ => {
                    if let Err(addr) = self.run_op(catalogue, &op) {
                        return End::Fault(addr);
                    }
                }
            }
            pc += size_of::<Op>() as u64;
        }
    }

    /// A copy or a fill, page by page; the address that faulted.
    fn run_op(&self, catalogue: u64, op: &Op) -> Result<(), u64> {
        let mut buffer = [op.from as u8; 256];
        let mut done = 0;
        while done < op.len {
            let len = (op.len - done).min(buffer.len() as u64) as usize;
            if op.code == ops::COPY {
                self.load(
                    catalogue,
                    op.from + done,
                    Requester::Shader,
                    &mut buffer[..len],
                )
                .map_err(|_| op.from + done)?;
            }
            self.store(catalogue, op.to + done, Requester::Shader, &buffer[..len])
                .map_err(|_| op.to + done)?;
            done += len as u64;
        }
        Ok(())
    }

    fn ask_to_grow(&self, job: &Job) {
        let hwrt = u64::from(self.fw_read32(job.args as u32 + 4));
        let list = u64::from(self.fw_read32((hwrt + hwrtdata::FREELISTS) as u32));
        let id = self.fw_read32((list + fwif::freelist::FREELIST_ID) as u32);
        self.fw_write32(list + fwif::freelist::GROW_PENDING, 1);
        if let Some(firmware) = &self.state.lock().firmware {
            firmware.send(fwif::fwccb::FREELIST_GROW, &[id]);
        }
    }

    fn notify_fault(&self, context: u32, catalogue: u64, addr: u64) {
        let words = [
            context,
            0,
            0,
            0,
            RESET_FLAG_PF,
            0,
            catalogue as u32,
            (catalogue >> 32) as u32,
            addr as u32,
            (addr >> 32) as u32,
        ];
        if let Some(firmware) = &self.state.lock().firmware {
            firmware.send(fwif::fwccb::CONTEXT_RESET_NOTIFICATION, &words);
        }
    }

    /// Stores a 32-bit word in the firmware's memory; nothing happens where nothing is mapped, or when it is off.
    pub fn fw_write32(&self, addr: u64, value: u32) {
        if let Some(firmware) = &self.state.lock().firmware {
            firmware.space.write32(addr, value);
        }
    }

    /// Jobs that never ended, so far.
    #[must_use]
    pub fn hung_jobs(&self) -> usize {
        self.state.lock().hung_jobs
    }

    /// The frame numbers that the parameter manager finds in a free list: `len` entries from the last one down, read where
    /// the list is mapped, in the address space of a page catalogue. `None` for an entry that faults.
    #[must_use]
    pub fn read_free_list(
        &self,
        catalogue: u64,
        addr: u64,
        max: u32,
        len: u32,
    ) -> Vec<Option<u32>> {
        (0..len)
            .map(|n| {
                let at = addr + 4 * u64::from(max - 1 - n);
                let mut bytes = [0; 4];
                self.load(catalogue, at, Requester::ParameterManager, &mut bytes)
                    .ok()
                    .map(|()| u32::from_le_bytes(bytes))
            })
            .collect()
    }
}

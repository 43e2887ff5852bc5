//! The command stream processor: what the firmware makes of a queue's ring buffer and of the streams that it calls.
//!
//! It knows the instructions that the driver emits, and of those that user space emits the ones that reach memory: loads and
//! stores, waits for memory, heaps, and a tiler job that only asks for chunks.

use drm_core::PAGE_SIZE;
use port_kit::mmu::Access;

use super::Hw;
use super::spaces::Fault;

/// Registers of a queue.
const REGISTERS: usize = 256;
/// Streams that may call each other.
const CALL_DEPTH: usize = 8;
/// Instructions after which a job has taken too long.
const BUDGET: u32 = 1 << 16;

/// Numbers of instructions, in the highest byte.
pub mod op {
    /// `reg[55:48] = imm[47:0]`, 64 bits.
    pub const MOV48: u64 = 1;
    /// `reg[55:48] = imm[31:0]`.
    pub const MOV32: u64 = 2;
    /// Waits for scoreboard entries: everything here is done in order.
    pub const WAIT: u64 = 3;
    /// A tiler job that needs `imm[15:0]` more chunks of the heap.
    pub const RUN_IDVS: u64 = 6;
    /// Loads registers from `reg[55:48]` on, as `mask[31:16]` says, from the address in `reg[47:40]` plus `offset[15:0]`.
    pub const LOAD_MULTIPLE: u64 = 20;
    /// The other way round.
    pub const STORE_MULTIPLE: u64 = 21;
    /// Runs the stream at the address in `reg[47:40]`, of as many bytes as `reg[39:32]` says.
    pub const CALL: u64 = 32;
    /// Flushes caches.
    pub const FLUSH_CACHE2: u64 = 36;
    /// Faults before it do not reach the jobs behind it.
    pub const ERROR_BARRIER: u64 = 47;
    /// The heap context is at the address in `reg[47:40]`.
    pub const HEAP_SET: u64 = 48;
    /// Counts a pass: 0 vertex and tiling started, 1 ended, 2 fragment ended.
    pub const HEAP_OPERATION: u64 = 49;
    /// Adds `reg[39:32]` to the 64 bits at the address in `reg[47:40]`.
    pub const SYNC_ADD64: u64 = 51;
    /// Waits until the 64 bits at the address in `reg[47:40]` are above those in `reg[39:32]`, if bit 28 is set; else not above.
    pub const SYNC_WAIT64: u64 = 53;
}

/// Where the parts of a queue are, in the address space of its group and in that of the firmware.
#[derive(Clone, Copy, Debug)]
pub struct CsInterface {
    /// The ring buffer, for the group's space.
    pub ringbuf: u64,
    /// Bytes of the ring buffer.
    pub ringbuf_size: u64,
    /// What the driver writes, for the firmware: the byte after the last instruction.
    pub input: u64,
    /// What the firmware writes, for itself: the byte of the next instruction.
    pub output: u64,
}

/// What a heap is asked for, as the firmware reports it (`CS_TILER_OOM`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeapState {
    /// Address of the heap context.
    pub address: u64,
    /// Vertex and tiling passes that have started.
    pub vt_start: u32,
    /// Those that have ended.
    pub vt_end: u32,
    /// Fragment passes that have ended.
    pub frag_end: u32,
}

/// A wait for memory that is not over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyncWait {
    /// Where.
    pub gpu_va: u64,
    /// What it is compared with.
    pub reference: u64,
    /// Above, or not above.
    pub gt: bool,
}

/// Why the processor stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The ring buffer is empty.
    Idle,
    /// The queue waits for memory.
    Blocked(SyncWait),
    /// The heap has no chunk left.
    TilerOom(HeapState),
    /// An access did not get through.
    Fault(Fault),
    /// An instruction that is not known.
    Fatal,
    /// The job takes too long.
    Timeout,
}

/// A place in a stream.
#[derive(Clone, Copy, Debug)]
struct Frame {
    at: u64,
    end: u64,
}

/// A queue as the processor has it.
#[derive(Clone, Debug)]
pub struct Cs {
    registers: [u64; REGISTERS],
    calls: Vec<Frame>,
    heap: HeapState,
    /// Chunks that the tiler job under way still needs.
    chunks_wanted: u32,
}

impl Default for Cs {
    fn default() -> Self {
        Self {
            registers: [0; REGISTERS],
            calls: Vec::new(),
            heap: HeapState::default(),
            chunks_wanted: 0,
        }
    }
}

impl Cs {
    /// The driver answers a tiler that is out of memory: with a chunk, or with 0. Without one, the passes in flight are rendered
    /// as far as they came, and give their chunks back.
    pub(crate) fn answer_oom(&mut self, chunk: u64) {
        self.chunks_wanted = self.chunks_wanted.saturating_sub(1);
        if chunk == 0 {
            self.heap.frag_end = self.heap.vt_end;
            self.chunks_wanted = 0;
        }
    }

    /// The group left its slot: nothing of a stream that failed goes on.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }
}

/// Byte of a register number in an instruction.
fn register(instruction: u64, shift: u32) -> usize {
    (instruction >> shift & 0xff) as usize
}

/// A queue that runs in a slot.
struct Running<'a> {
    hw: &'a Hw,
    slot: u32,
    cs: &'a mut Cs,
}

impl Running<'_> {
    fn load(&self, slot: u32, va: u64) -> Result<u64, Stop> {
        let (pa, _) = self
            .hw
            .access(slot, va, Access::Read)
            .map_err(Stop::Fault)?;
        Ok(self.hw.machine.ram().read_u64(pa))
    }

    fn store(&self, slot: u32, va: u64, value: u64) -> Result<(), Stop> {
        let (pa, _) = self
            .hw
            .access(slot, va, Access::Write)
            .map_err(Stop::Fault)?;
        self.hw.machine.ram().write_u64(pa, value);
        Ok(())
    }

    /// 32 bits of a register to or from memory, for each bit of the mask.
    fn transfer(&mut self, instruction: u64, store: bool) -> Result<(), Stop> {
        let first = register(instruction, 48);
        let offset = i64::from(instruction as u16 as i16);
        let base = self.cs.registers[register(instruction, 40)].wrapping_add_signed(offset);
        let mask = instruction >> 16 & 0xffff;
        for i in (0..16).filter(|i| mask & 1 << i != 0) {
            let va = base.wrapping_add(4 * i);
            let at = (first + i as usize) % REGISTERS;
            let access = if store { Access::Write } else { Access::Read };
            let (pa, _) = self.hw.access(self.slot, va, access).map_err(Stop::Fault)?;
            let ram = self.hw.machine.ram();
            if store {
                ram.write_u32(pa, self.cs.registers[at] as u32);
            } else {
                self.cs.registers[at] = ram.read_u32(pa).into();
            }
        }
        Ok(())
    }

    /// Runs one instruction. Those that stop the queue are run again when it goes on.
    fn execute(&mut self, instruction: u64) -> Result<(), Stop> {
        let reg = |shift| register(instruction, shift);
        match instruction >> 56 {
            0 | op::WAIT | op::FLUSH_CACHE2 | op::ERROR_BARRIER => {}
            op::MOV48 => self.cs.registers[reg(48)] = instruction & ((1 << 48) - 1),
            op::MOV32 => self.cs.registers[reg(48)] = instruction & u64::from(u32::MAX),
            op::LOAD_MULTIPLE => self.transfer(instruction, false)?,
            op::STORE_MULTIPLE => self.transfer(instruction, true)?,
            op::CALL if self.cs.calls.len() < CALL_DEPTH => {
                let at = self.cs.registers[reg(40)];
                let end = at.wrapping_add(self.cs.registers[reg(32)]);
                self.cs.calls.push(Frame { at, end });
            }
            op::HEAP_SET => self.cs.heap.address = self.cs.registers[reg(40)],
            op::HEAP_OPERATION => {
                let heap = &mut self.cs.heap;
                match instruction & 3 {
                    0 => heap.vt_start += 1,
                    1 => heap.vt_end += 1,
                    _ => heap.frag_end += 1,
                }
            }
            op::RUN_IDVS => self.cs.chunks_wanted = (instruction & 0xffff) as u32,
            op::SYNC_ADD64 => {
                let va = self.cs.registers[reg(40)];
                let value = self
                    .load(self.slot, va)?
                    .wrapping_add(self.cs.registers[reg(32)]);
                self.store(self.slot, va, value)?;
            }
            op::SYNC_WAIT64 => {
                let wait = SyncWait {
                    gpu_va: self.cs.registers[reg(40)],
                    reference: self.cs.registers[reg(32)],
                    gt: instruction & 1 << 28 != 0,
                };
                let value = self.load(self.slot, wait.gpu_va)?;
                if (value > wait.reference) != wait.gt {
                    return Err(Stop::Blocked(wait));
                }
            }
            _ => return Err(Stop::Fatal),
        }
        Ok(())
    }

    /// One instruction of the innermost stream, or of the ring buffer.
    fn step(&mut self, interface: &CsInterface) -> Result<(), Stop> {
        if self.cs.chunks_wanted > 0 {
            return Err(Stop::TilerOom(self.cs.heap));
        }
        if let Some(Frame { at, end }) = self.cs.calls.last().copied() {
            if at == end {
                self.cs.calls.pop();
                return Ok(());
            }
            let depth = self.cs.calls.len() - 1;
            let instruction = self.load(self.slot, at)?;
            self.execute(instruction)?;
            self.cs.calls[depth].at = at.wrapping_add(8);
            return Ok(());
        }
        const MCU_SLOT: u32 = 0;
        let extract = self.load(MCU_SLOT, interface.output)?;
        if extract == self.load(MCU_SLOT, interface.input)? {
            return Err(Stop::Idle);
        }
        let at = interface.ringbuf + extract % interface.ringbuf_size.max(PAGE_SIZE);
        let instruction = self.load(self.slot, at)?;
        self.execute(instruction)?;
        self.store(MCU_SLOT, interface.output, extract + 8)
    }
}

impl Hw {
    /// Lets a queue of the group in address-space slot `slot` run until something stops it.
    pub(crate) fn run_cs(&self, slot: u32, interface: &CsInterface, cs: &mut Cs) -> Stop {
        let mut running = Running { hw: self, slot, cs };
        for _ in 0..BUDGET {
            if let Err(stop) = running.step(interface) {
                return stop;
            }
        }
        Stop::Timeout
    }
}

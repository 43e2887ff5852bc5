//! The slots for address spaces: their registers, their commands, and the walk of an access through them.

use drm_core::errno::{Errno, Result};
use port_kit::mmu::lpae::{Kind, LpaeFormat};
use port_kit::mmu::{Access, Leaf, View, WalkFault};

use super::Hw;

/// Slots that the register map has room for.
const SLOTS: usize = 32;
/// Mode of `TRANSCFG`: no access gets through.
const ADRMODE_UNMAPPED: u64 = 1;
/// Mode of `TRANSCFG`: AArch64 tables of 4 KiB.
const ADRMODE_AARCH64_4K: u64 = 6;

/// The registers that say how a slot translates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RootRegisters {
    /// `AS_TRANSTAB`: physical address of the root table.
    pub transtab: u64,
    /// `AS_TRANSCFG`: mode, width, how the walk is cached.
    pub transcfg: u64,
    /// `AS_MEMATTR`: what attribute indices mean.
    pub memattr: u64,
}

impl RootRegisters {
    /// Nothing gets through.
    pub const UNMAPPED: Self = Self {
        transtab: 0,
        transcfg: ADRMODE_UNMAPPED,
        memattr: 0,
    };

    /// The registers for a stage 1 table (`panthor_vm_active`): walks are cached write-back and read-allocate, and outer
    /// shareable for a GPU that is coherent.
    #[must_use]
    pub fn stage1(root: u64, va_bits: u32, coherent: bool, memattr: u64) -> Self {
        const PTW_MEMATTR_WB: u64 = 2 << 24;
        const PTW_RA: u64 = 1 << 30;
        const PTW_SH_OS: u64 = 2 << 28;
        let ina_bits = u64::from(55 - va_bits) << 6;
        let shared = if coherent { PTW_SH_OS } else { 0 };
        Self {
            transtab: root,
            transcfg: PTW_MEMATTR_WB | PTW_RA | ADRMODE_AARCH64_4K | ina_bits | shared,
            memattr,
        }
    }

    fn va_bits(self) -> u32 {
        55 - (self.transcfg >> 6 & 0x1f) as u32
    }
}

/// What a slot is told (`AS_COMMAND`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Take the root registers over.
    Update,
    /// Hold accesses to the locked region back.
    Lock,
    /// Let them go on.
    Unlock,
    /// Forget translations of the locked region.
    FlushPt,
    /// Write caches back, too.
    FlushMem,
}

/// A command, as a trace shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// The slot.
    pub slot: u32,
    /// The command.
    pub command: Command,
    /// `AS_LOCKADDR` at that time.
    pub lockaddr: u64,
}

/// What a slot reports of an access that does not get through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The slot.
    pub slot: u32,
    /// `AS_FAULTADDRESS`.
    pub address: u64,
    /// `AS_FAULTSTATUS`: exception type and kind of access.
    pub status: u32,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    written: RootRegisters,
    /// What the last update took over.
    current: RootRegisters,
    lockaddr: u64,
    fault: Option<Fault>,
}

#[derive(Debug)]
pub(super) struct Spaces {
    slots: [Slot; SLOTS],
    int_mask: u32,
    int_rawstat: u32,
    /// Whether commands never end (`AS_ACTIVE` stuck).
    stuck: bool,
    done: Vec<Done>,
}

impl Default for Spaces {
    fn default() -> Self {
        let slot = Slot {
            written: RootRegisters::UNMAPPED,
            current: RootRegisters::UNMAPPED,
            lockaddr: 0,
            fault: None,
        };
        Self {
            slots: [slot; SLOTS],
            int_mask: 0,
            int_rawstat: 0,
            stuck: false,
            done: Vec::new(),
        }
    }
}

impl Hw {
    /// Writes the root registers of a slot; they count after [`Command::Update`].
    pub(crate) fn write_root(&self, slot: u32, registers: RootRegisters) {
        self.spaces.lock().slots[slot as usize].written = registers;
    }

    /// Writes `AS_LOCKADDR`.
    pub(crate) fn write_lockaddr(&self, slot: u32, lockaddr: u64) {
        self.spaces.lock().slots[slot as usize].lockaddr = lockaddr;
    }

    /// Writes `AS_COMMAND` and waits for the end. `ETIMEDOUT` when it does not come.
    pub(crate) fn command(&self, slot: u32, command: Command) -> Result {
        let mut spaces = self.spaces.lock();
        if spaces.stuck {
            return Err(Errno::ETIMEDOUT);
        }
        let registers = &mut spaces.slots[slot as usize];
        if command == Command::Update {
            registers.current = registers.written;
        }
        let lockaddr = registers.lockaddr;
        spaces.done.push(Done {
            slot,
            command,
            lockaddr,
        });
        Ok(())
    }

    /// Writes `MMU_INT_MASK`.
    pub(crate) fn write_int_mask(&self, mask: u32) {
        self.spaces.lock().int_mask = mask;
    }

    /// Writes `MMU_INT_CLEAR`.
    pub(crate) fn clear_int(&self, bits: u32) {
        self.spaces.lock().int_rawstat &= !bits;
    }

    /// Reads `MMU_INT_STAT`: what is pending and not masked.
    #[must_use]
    pub fn int_stat(&self) -> u32 {
        let spaces = self.spaces.lock();
        spaces.int_rawstat & spaces.int_mask
    }

    /// Reads `AS_FAULTSTATUS` and `AS_FAULTADDRESS`.
    #[must_use]
    pub fn fault(&self, slot: u32) -> Option<Fault> {
        self.spaces.lock().slots[slot as usize].fault
    }

    /// The root registers in force.
    #[must_use]
    pub fn root(&self, slot: u32) -> RootRegisters {
        self.spaces.lock().slots[slot as usize].current
    }

    /// The commands since the last call.
    #[must_use]
    pub fn take_commands(&self) -> Vec<Done> {
        std::mem::take(&mut self.spaces.lock().done)
    }

    /// Lets every command from now on time out, or end again.
    pub fn set_stuck(&self, stuck: bool) {
        self.spaces.lock().stuck = stuck;
    }

    /// One access through a slot: the physical address of the byte. An access that does not get through is reported, and raises
    /// the interrupt.
    pub fn access(
        &self,
        slot: u32,
        va: u64,
        access: Access,
    ) -> std::result::Result<(u64, Leaf), Fault> {
        let registers = self.root(slot);
        let walked = if registers.transcfg & 0xf == ADRMODE_AARCH64_4K {
            let format = LpaeFormat::new(Kind::Stage1, registers.va_bits());
            View::new(format, &self.tables, registers.transtab).translate(va, access)
        } else {
            Err(WalkFault::Translation { depth: 0 })
        };
        walked.map_err(|fault| self.report(slot, va, access, fault))
    }

    fn report(&self, slot: u32, address: u64, access: Access, fault: WalkFault) -> Fault {
        const TRANSLATION: u32 = 0xc0;
        const PERMISSION: u32 = 0xc8;
        const ADDRESS_SIZE: u32 = 0xd8;
        let exception = match fault {
            WalkFault::Translation { depth } => TRANSLATION + depth as u32,
            WalkFault::Permission { .. } => PERMISSION + 3,
            WalkFault::AddressSize => ADDRESS_SIZE,
        };
        let kind = match access {
            Access::Execute => 1,
            Access::Read => 2,
            Access::Write => 3,
        };
        let fault = Fault {
            slot,
            address,
            status: exception | kind << 8,
        };
        let mut spaces = self.spaces.lock();
        spaces.slots[slot as usize].fault = Some(fault);
        spaces.int_rawstat |= 1 << slot;
        fault
    }
}

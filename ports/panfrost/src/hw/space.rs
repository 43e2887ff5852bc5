//! Address spaces: the MMU's registers, and how often each space was told what.

use super::SPACES;
use crate::regs::*;

/// Commands that a space was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpaceCounts {
    /// `UPDATE`.
    pub update: u32,
    /// `LOCK`.
    pub lock: u32,
    /// `UNLOCK`.
    pub unlock: u32,
    /// `FLUSH_PT`.
    pub flush_pt: u32,
    /// `FLUSH_MEM`.
    pub flush_mem: u32,
    /// The region of the last `LOCK`.
    pub last_lock: u64,
    /// MEMATTR now.
    pub memattr: u64,
    /// TRANSTAB now.
    pub transtab: u64,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Space {
    pub(super) transtab: u64,
    memattr: u64,
    lockaddr: u64,
    /// TRANSTAB at the last `UPDATE`: what accesses use.
    pub(super) in_use: u64,
    pub(super) fault_status: u32,
    pub(super) fault_address: u64,
}

/// The MMU.
#[derive(Debug, Default)]
pub(super) struct Mmu {
    pub(super) int_raw: u32,
    int_mask: u32,
    pub(super) spaces: [Space; SPACES],
    counts: [SpaceCounts; SPACES],
}

fn low(word: &mut u64, value: u32) {
    *word = *word >> 32 << 32 | u64::from(value);
}

fn high(word: &mut u64, value: u32) {
    *word = *word & 0xffff_ffff | u64::from(value) << 32;
}

/// The space and the register in it.
fn place(reg: u32) -> Option<(usize, u32)> {
    let at = reg.checked_sub(MMU_BASE)?;
    let space = (at / MMU_AS_STRIDE) as usize;
    (space < SPACES).then_some((space, at % MMU_AS_STRIDE))
}

impl Mmu {
    pub(super) fn line(&self) -> bool {
        self.int_raw & self.int_mask != 0
    }

    pub(super) fn reset(&mut self) {
        self.int_raw = 0;
        self.int_mask = 0;
        self.spaces = Default::default();
    }

    pub(super) fn take_counts(&mut self, space: usize) -> Option<SpaceCounts> {
        let now = self.spaces.get(space)?;
        let counts = SpaceCounts {
            memattr: now.memattr,
            transtab: now.transtab,
            ..std::mem::take(&mut self.counts[space])
        };
        let told = counts.update + counts.lock + counts.unlock + counts.flush_pt + counts.flush_mem;
        (told > 0).then_some(counts)
    }

    pub(super) fn read(&self, reg: u32) -> u32 {
        match reg {
            MMU_INT_RAWSTAT => return self.int_raw,
            MMU_INT_MASK => return self.int_mask,
            MMU_INT_STAT => return self.int_raw & self.int_mask,
            _ => {}
        }
        let Some((space, offset)) = place(reg) else {
            return 0;
        };
        let space = &self.spaces[space];
        match offset {
            AS_TRANSTAB_LO => space.transtab as u32,
            AS_TRANSTAB_HI => (space.transtab >> 32) as u32,
            AS_MEMATTR_LO => space.memattr as u32,
            AS_MEMATTR_HI => (space.memattr >> 32) as u32,
            AS_FAULTSTATUS => space.fault_status,
            AS_FAULTADDRESS_LO => space.fault_address as u32,
            AS_FAULTADDRESS_HI => (space.fault_address >> 32) as u32,
            // Commands are done before the next register access: STATUS is never busy.
            _ => 0,
        }
    }

    /// Whether the write flushed page-table entries.
    pub(super) fn write(&mut self, reg: u32, value: u32) -> bool {
        match reg {
            MMU_INT_CLEAR => self.int_raw &= !value,
            MMU_INT_MASK => self.int_mask = value,
            _ => {}
        }
        let Some((number, offset)) = place(reg) else {
            return false;
        };
        let space = &mut self.spaces[number];
        match offset {
            AS_TRANSTAB_LO => low(&mut space.transtab, value),
            AS_TRANSTAB_HI => high(&mut space.transtab, value),
            AS_MEMATTR_LO => low(&mut space.memattr, value),
            AS_MEMATTR_HI => high(&mut space.memattr, value),
            AS_LOCKADDR_LO => low(&mut space.lockaddr, value),
            AS_LOCKADDR_HI => high(&mut space.lockaddr, value),
            AS_COMMAND => return self.command(number, value),
            _ => {}
        }
        false
    }

    fn command(&mut self, number: usize, command: u32) -> bool {
        let space = &mut self.spaces[number];
        let counts = &mut self.counts[number];
        match command {
            AS_COMMAND_UPDATE => {
                counts.update += 1;
                space.in_use = space.transtab;
            }
            AS_COMMAND_LOCK => {
                counts.lock += 1;
                counts.last_lock = space.lockaddr;
            }
            AS_COMMAND_UNLOCK => counts.unlock += 1,
            AS_COMMAND_FLUSH_PT => counts.flush_pt += 1,
            AS_COMMAND_FLUSH_MEM => counts.flush_mem += 1,
            _ => {}
        }
        matches!(command, AS_COMMAND_FLUSH_PT | AS_COMMAND_FLUSH_MEM)
    }
}

//! One MMU: its registers, and the translations that it remembers.

use std::collections::BTreeMap;

use super::Figures;
use crate::regs::mmu;

/// The MMU of one processor.
#[derive(Debug)]
pub struct MmuUnit {
    directory: u32,
    status: u32,
    fault_address: u32,
    raw: u32,
    mask: u32,
    /// Page of address space to page of memory, since the last zap.
    cache: BTreeMap<u32, u64>,
}

impl Default for MmuUnit {
    fn default() -> Self {
        Self {
            directory: 0,
            status: mmu::STATUS_IDLE,
            fault_address: 0,
            raw: 0,
            mask: 0,
            cache: BTreeMap::new(),
        }
    }
}

impl MmuUnit {
    pub(super) fn read(&self, reg: u32) -> u32 {
        match reg {
            mmu::DTE_ADDR => self.directory,
            mmu::STATUS => self.status,
            mmu::PAGE_FAULT_ADDR => self.fault_address,
            mmu::INT_RAWSTAT => self.raw,
            mmu::INT_MASK => self.mask,
            mmu::INT_STATUS => self.raw & self.mask,
            _ => 0,
        }
    }

    pub(super) fn write(&mut self, reg: u32, value: u32, figures: &mut Figures) {
        match reg {
            mmu::DTE_ADDR => self.directory = value & !0xfff,
            mmu::INT_CLEAR => self.raw &= !value,
            mmu::INT_MASK => self.mask = value,
            mmu::COMMAND => self.command(value, figures),
            _ => {}
        }
    }

    fn command(&mut self, command: u32, figures: &mut Figures) {
        match command {
            mmu::CMD_ENABLE_PAGING => self.status |= mmu::STATUS_PAGING_ENABLED,
            mmu::CMD_DISABLE_PAGING => self.status &= !mmu::STATUS_PAGING_ENABLED,
            mmu::CMD_ENABLE_STALL => self.status |= mmu::STATUS_STALL_ACTIVE,
            mmu::CMD_DISABLE_STALL => self.status &= !mmu::STATUS_STALL_ACTIVE,
            mmu::CMD_ZAP_CACHE => self.cache.clear(),
            mmu::CMD_PAGE_FAULT_DONE => {
                figures.faults_done += 1;
                self.status &= !(mmu::STATUS_PAGE_FAULT_ACTIVE | mmu::STATUS_PAGE_FAULT_IS_WRITE);
            }
            mmu::CMD_HARD_RESET => {
                figures.mmu_resets += 1;
                *self = Self::default();
            }
            _ => {}
        }
    }

    pub(super) fn fault(&mut self, address: u32, write: bool) {
        self.fault_address = address;
        self.raw |= mmu::INT_PAGE_FAULT;
        self.status |= mmu::STATUS_PAGE_FAULT_ACTIVE;
        if write {
            self.status |= mmu::STATUS_PAGE_FAULT_IS_WRITE;
        }
    }

    pub(super) fn cached(&self, va: u32) -> Option<u64> {
        let page = self.cache.get(&(va >> 12))?;
        Some(page | u64::from(va & 0xfff))
    }

    pub(super) fn remember(&mut self, va: u32, page: u64) {
        self.cache.insert(va >> 12, page);
    }
}

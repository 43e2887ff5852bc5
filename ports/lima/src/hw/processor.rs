//! One processor: its interrupts, its status, and the commands that change them.

use std::collections::BTreeMap;

use super::Figures;
use crate::regs::{gp, pp};

/// A geometry or pixel processor; which one, say the accessors.
#[derive(Debug)]
pub struct Processor {
    registers: BTreeMap<u32, u32>,
    status: u32,
    raw: u32,
    mask: u32,
}

impl Processor {
    pub(super) fn new(version_register: u32, version: u32) -> Self {
        Self {
            registers: BTreeMap::from([(version_register, version)]),
            status: 0,
            raw: 0,
            mask: 0,
        }
    }

    pub(super) fn raise(&mut self, bits: u32, status: Option<u32>) {
        self.raw |= bits;
        self.status = status.unwrap_or(self.status);
    }

    pub(super) fn read_gp(&self, reg: u32) -> u32 {
        match reg {
            gp::INT_RAWSTAT => self.raw,
            gp::INT_MASK => self.mask,
            gp::INT_STAT => self.raw & self.mask,
            gp::STATUS => self.status,
            _ => self.registers.get(&reg).copied().unwrap_or(0),
        }
    }

    pub(super) fn write_gp(&mut self, reg: u32, value: u32, figures: &mut Figures) {
        match reg {
            gp::INT_CLEAR => self.raw &= !value,
            gp::INT_MASK => self.mask = value,
            gp::CMD => self.command_gp(value, figures),
            _ => {
                self.registers.insert(reg, value);
            }
        }
    }

    fn command_gp(&mut self, command: u32, figures: &mut Figures) {
        if command & gp::CMD_START_VS != 0 {
            self.status |= gp::STATUS_VS_ACTIVE;
        }
        if command & gp::CMD_START_PLBU != 0 {
            self.status |= gp::STATUS_PLBU_ACTIVE;
        }
        if command & (gp::CMD_START_VS | gp::CMD_START_PLBU) != 0 {
            figures.gp_starts += 1;
        }
        if command & gp::CMD_UPDATE_PLBU_ALLOC != 0 {
            figures.heap_updates += 1;
        }
        if command & gp::CMD_STOP_BUS != 0 {
            self.status |= gp::STATUS_BUS_STOPPED;
        }
        if command & gp::CMD_RESET != 0 {
            figures.hard_resets += 1;
            (self.status, self.raw) = (0, 0);
        }
        if command & gp::CMD_SOFT_RESET != 0 {
            figures.soft_resets += 1;
            self.status = 0;
            self.raw |= gp::IRQ_RESET_COMPLETED;
        }
    }

    pub(super) fn read_pp(&self, reg: u32) -> u32 {
        match reg {
            pp::INT_RAWSTAT => self.raw,
            pp::INT_MASK => self.mask,
            pp::INT_STATUS => self.raw & self.mask,
            pp::STATUS => self.status,
            _ => self.registers.get(&reg).copied().unwrap_or(0),
        }
    }

    pub(super) fn write_pp(&mut self, reg: u32, value: u32, figures: &mut Figures) {
        match reg {
            pp::INT_RAWSTAT => self.raw = value,
            pp::INT_CLEAR => self.raw &= !value,
            pp::INT_MASK => self.mask = value,
            pp::CTRL => self.command_pp(value, figures),
            _ => {
                self.registers.insert(reg, value);
            }
        }
    }

    fn command_pp(&mut self, command: u32, figures: &mut Figures) {
        if command & pp::CTRL_START != 0 {
            self.status |= pp::STATUS_ACTIVE;
        }
        if command & pp::CTRL_STOP_BUS != 0 {
            self.status |= pp::STATUS_BUS_STOPPED;
        }
        if command & pp::CTRL_FORCE_RESET != 0 {
            figures.hard_resets += 1;
            (self.status, self.raw) = (0, 0);
        }
        if command & pp::CTRL_SOFT_RESET != 0 {
            figures.soft_resets += 1;
            (self.status, self.raw) = (0, pp::IRQ_RESET_COMPLETED);
        }
    }
}

//! The mock device: registers of hub and core, their interrupts, and a memory port behind the MMU.
//!
//! It does what the driver can see: a flush that is done at once, a status that is cleared by a write, a list that starts
//! when its end is written. Who finishes a job is up to the test: [`Hardware::raise_core`].

use std::collections::BTreeMap;

use drm_core::machine::Machine;
use drm_core::sync::{Arc, Mutex};
use port_kit::mmu::v3d::V3dFormat;
use port_kit::mmu::{Access, MachineTables, View, WalkFault};

use crate::regs::{self, core, hub};

/// Which device it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Model {
    /// V3D 4.2 of the BCM2711 (Raspberry Pi 4).
    #[default]
    V42,
    /// V3D 7.1 of the BCM2712 (Raspberry Pi 5).
    V71,
}

/// How often the driver did what a register counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Flushes of the MMU cache.
    pub flushes: u32,
    /// Flushes of the TLB.
    pub tlb_clears: u32,
    /// Writes of the page-table base.
    pub base_writes: u32,
    /// Binner lists started.
    pub bins: u32,
    /// Render lists started.
    pub renders: u32,
    /// Compute jobs started.
    pub computes: u32,
    /// Texture formatting jobs started.
    pub tfus: u32,
    /// Resets.
    pub resets: u32,
    /// Addresses of more memory given to the binner.
    pub overflows: u32,
}

#[derive(Debug, Default)]
struct Bank {
    registers: BTreeMap<u32, u32>,
    pending: u32,
    masked: u32,
}

#[derive(Debug, Default)]
struct State {
    hub: Bank,
    core: Bank,
    figures: Figures,
}

/// What a load of the device found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// Whether there was a valid entry; without one the byte is of the scratch page.
    pub valid: bool,
    /// The byte.
    pub byte: u8,
}

/// The device.
#[derive(Debug)]
pub struct Hardware {
    machine: Machine,
    tables: Arc<MachineTables>,
    ver: u32,
    state: Mutex<State>,
}

impl Hardware {
    /// A device after power-on, everything masked.
    #[must_use]
    pub fn new(machine: &Machine, tables: &Arc<MachineTables>, model: Model) -> Self {
        let (hub_ident1, core_ident0, ver) = match model {
            Model::V42 => (0x000e_1124, 0x0444_3356, 42),
            Model::V71 => (0x000e_1117, 0x0744_3356, 71),
        };
        let mut state = State::default();
        state.hub.registers.extend([
            (hub::UIFCFG, 0x45),
            (hub::IDENT1, hub_ident1),
            (hub::IDENT2, 0x100),
            (hub::IDENT3, 0xe00),
            // 35 bits of physical and 32 bits of virtual address.
            (hub::MMU_DEBUG_INFO, 0x520),
        ]);
        state.core.registers.extend([
            (core::IDENT0, core_ident0),
            (core::IDENT1, 0x8100_1422),
            (core::IDENT2, 0x4007_8121),
        ]);
        (state.hub.masked, state.core.masked) = (!0, !0);
        Self {
            machine: machine.clone(),
            tables: Arc::clone(tables),
            ver,
            state: Mutex::new(state),
        }
    }

    /// Reads a hub register.
    #[must_use]
    pub fn read_hub(&self, reg: u32) -> u32 {
        let state = self.state.lock();
        match reg {
            hub::INT_STS => state.hub.pending,
            hub::INT_MSK_STS => state.hub.masked,
            _ => state.hub.registers.get(&reg).copied().unwrap_or(0),
        }
    }

    /// Writes a hub register.
    pub fn write_hub(&self, reg: u32, value: u32) {
        let mut state = self.state.lock();
        match reg {
            hub::INT_CLR => state.hub.pending &= !value,
            hub::INT_MSK_SET => state.hub.masked |= value,
            hub::INT_MSK_CLR => state.hub.masked &= !value,
            hub::MMUC_CONTROL => {
                if value & regs::MMUC_FLUSH != 0 {
                    state.figures.flushes += 1;
                    self.machine.counters().invalidations.add(1);
                }
                state.hub.registers.insert(reg, value & !regs::MMUC_FLUSH);
            }
            hub::MMU_CTL => {
                state.figures.tlb_clears += u32::from(value & regs::MMU_TLB_CLEAR != 0);
                state
                    .hub
                    .registers
                    .insert(reg, value & !regs::MMU_TLB_CLEAR);
            }
            hub::MMU_PT_PA_BASE => {
                state.figures.base_writes += 1;
                state.hub.registers.insert(reg, value);
            }
            _ => {
                state.figures.tfus += u32::from(reg == regs::tfu_icfg(self.ver));
                state.hub.registers.insert(reg, value);
            }
        }
    }

    /// Reads a register of the core.
    #[must_use]
    pub fn read_core(&self, reg: u32) -> u32 {
        let state = self.state.lock();
        match reg {
            core::INT_STS => state.core.pending,
            core::INT_MSK_STS => state.core.masked,
            _ => state.core.registers.get(&reg).copied().unwrap_or(0),
        }
    }

    /// Writes a register of the core.
    pub fn write_core(&self, reg: u32, value: u32) {
        let mut state = self.state.lock();
        match reg {
            core::INT_CLR => {
                state.core.pending &= !value;
                return;
            }
            core::INT_MSK_SET => {
                state.core.masked |= value;
                return;
            }
            core::INT_MSK_CLR => {
                state.core.masked &= !value;
                return;
            }
            core::CT0QEA => state.figures.bins += 1,
            core::CT1QEA => state.figures.renders += 1,
            core::PTB_BPOA => state.figures.overflows += 1,
            reg if reg == regs::csd_queued_cfg0(self.ver) => state.figures.computes += 1,
            _ => {}
        }
        state.core.registers.insert(reg, value);
    }

    /// The reset line. Registers keep their values, as they do in the recordings.
    pub fn reset(&self) {
        self.state.lock().figures.resets += 1;
    }

    /// The core raises interrupts: what is pending now, masked ones included.
    pub fn raise_core(&self, bits: u32) -> u32 {
        let mut state = self.state.lock();
        state.core.pending |= bits;
        state.core.pending
    }

    /// The MMU reports a violation at `address` by AXI master `id`.
    pub fn raise_hub(&self, bits: u32, address: u32, id: u32) -> u32 {
        let mut state = self.state.lock();
        state.hub.registers.insert(hub::MMU_VIO_ADDR, address);
        state.hub.registers.insert(hub::MMU_VIO_ID, id);
        state.hub.pending |= bits;
        state.hub.pending
    }

    /// A running list has come further: its current address moves.
    pub fn make_progress(&self, render: bool, address: u32) {
        let reg = if render { core::CT1CA } else { core::CT0CA };
        self.state.lock().core.registers.insert(reg, address);
    }

    /// How often the driver did what registers count.
    #[must_use]
    pub fn figures(&self) -> Figures {
        self.state.lock().figures
    }

    /// The page table that the device was given, as it walks it.
    #[must_use]
    pub fn view(&self) -> View<V3dFormat, &MachineTables> {
        let base = u64::from(self.read_hub(hub::MMU_PT_PA_BASE)) << 12;
        View::new(V3dFormat, &*self.tables, base)
    }

    fn scratch(&self, va: u32) -> u64 {
        let register = self.read_hub(hub::MMU_ILLEGAL_ADDR);
        u64::from(register & !regs::ILLEGAL_ADDR_ENABLE) << 12 | u64::from(va & 0xfff)
    }

    /// The byte that the device would load from `va`: one of the scratch page where no entry is valid. No interrupt.
    #[must_use]
    pub fn load(&self, va: u32) -> Load {
        let found = self.view().translate(u64::from(va), Access::Read);
        let (valid, pa) = match found {
            Ok((pa, _)) => (true, pa),
            Err(_) => (false, self.scratch(va)),
        };
        let mut byte = [0];
        self.machine.ram().read(pa, &mut byte);
        Load {
            valid,
            byte: byte[0],
        }
    }

    /// AXI master `id` loads a byte; an invalid entry raises the interrupt, and gives the scratch page.
    pub fn access_load(&self, va: u32, id: u32) -> u8 {
        let load = self.load(va);
        if !load.valid {
            self.raise_hub(regs::HUB_INT_MMU_PTI, va, id);
        }
        load.byte
    }

    /// AXI master `id` stores a byte; where no entry is valid, or writing is forbidden, the store is aborted and the
    /// interrupt raised.
    pub fn access_store(&self, va: u32, id: u32, byte: u8) {
        match self.view().translate(u64::from(va), Access::Write) {
            Ok((pa, _)) => self.machine.ram().write(pa, &[byte]),
            Err(WalkFault::Permission { .. }) => {
                self.raise_hub(regs::HUB_INT_MMU_WRV, va, id);
            }
            Err(_) => {
                self.raise_hub(regs::HUB_INT_MMU_PTI, va, id);
            }
        }
    }

    /// Whether the interrupt line of the core, or of the hub, is up.
    #[must_use]
    pub fn asserted(&self) -> (bool, bool) {
        let state = self.state.lock();
        let up = |bank: &Bank| bank.pending & !bank.masked != 0;
        (up(&state.core), up(&state.hub))
    }
}

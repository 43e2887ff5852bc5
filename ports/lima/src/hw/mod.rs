//! The mock device: L2 caches, a geometry processor, pixel processors, an MMU for each, the broadcast units of Mali-450.
//!
//! It does what the driver can see: commands that take effect at once, interrupts with their masks, a translation cache that
//! is as old as the last zap. Who finishes a job is up to the test: [`Hardware::raise_gp`].

mod mmu;
mod processor;

use std::collections::BTreeMap;

use drm_core::machine::Machine;
use drm_core::sync::{Arc, Mutex};
use port_kit::mmu::lima::LimaFormat;
use port_kit::mmu::{Access, MachineTables, View};

pub use mmu::MmuUnit;
pub use processor::Processor;

use crate::regs;

/// Which device it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Model {
    /// Mali-400 with two pixel processors.
    #[default]
    Mali400,
    /// Mali-450 with two pixel processors, load balancer and broadcast.
    Mali450,
}

/// Pixel processors of the device.
pub const NUM_PP: usize = 2;
/// Pixel processors that a Mali-450 can have: all of their addresses see a broadcast.
const MAX_PP: u32 = 8;

/// How often the driver did what a command counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// L2 caches flushed.
    pub l2_flushes: u32,
    /// Zaps of the geometry processor's MMU.
    pub gp_zaps: u32,
    /// Zaps of pixel processors' MMUs, a broadcast counted for each address.
    pub pp_zaps: u32,
    /// Jobs started on the geometry processor.
    pub gp_starts: u32,
    /// Heap bounds taken over.
    pub heap_updates: u32,
    /// Soft resets of processors.
    pub soft_resets: u32,
    /// Hard resets of processors.
    pub hard_resets: u32,
    /// Reset commands of MMUs.
    pub mmu_resets: u32,
    /// Page faults that the driver called done.
    pub faults_done: u32,
}

#[derive(Debug)]
struct State {
    gp: Processor,
    pp: [Processor; NUM_PP],
    gp_mmu: MmuUnit,
    pp_mmu: [MmuUnit; NUM_PP],
    dlbu: BTreeMap<u32, u32>,
    bcast: BTreeMap<u32, u32>,
    figures: Figures,
}

/// The device.
#[derive(Debug)]
pub struct Hardware {
    machine: Machine,
    tables: Arc<MachineTables>,
    model: Model,
    state: Mutex<State>,
}

/// One of the MMUs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mmu {
    /// The geometry processor's.
    Gp,
    /// A pixel processor's.
    Pp(usize),
    /// All pixel processors' at once.
    Broadcast,
}

impl Mmu {
    /// What the driver calls it in the kernel log.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Gp => "gpmmu".to_owned(),
            Self::Pp(n) => format!("ppmmu{n}"),
            Self::Broadcast => "ppmmu_bcast".to_owned(),
        }
    }
}

impl Hardware {
    /// A device after power-on.
    #[must_use]
    pub fn new(machine: &Machine, tables: &Arc<MachineTables>, model: Model) -> Self {
        let (gp_version, pp_version) = match model {
            Model::Mali400 => (0x0b07_0101, 0xcd07_0101),
            Model::Mali450 => (0x0d07_0000, 0xcf07_0000),
        };
        let state = State {
            gp: Processor::new(regs::gp::VERSION, gp_version),
            pp: std::array::from_fn(|_| Processor::new(regs::pp::VERSION, pp_version)),
            gp_mmu: MmuUnit::default(),
            pp_mmu: std::array::from_fn(|_| MmuUnit::default()),
            dlbu: BTreeMap::new(),
            bcast: BTreeMap::new(),
            figures: Figures::default(),
        };
        Self {
            machine: machine.clone(),
            tables: Arc::clone(tables),
            model,
            state: Mutex::new(state),
        }
    }

    /// Which device it is.
    #[must_use]
    pub fn model(&self) -> Model {
        self.model
    }

    /// Flushes one L2 cache (`LIMA_L2_CACHE_COMMAND_CLEAR_ALL`).
    pub fn flush_l2(&self) {
        self.state.lock().figures.l2_flushes += 1;
    }

    /// Reads a register of the geometry processor.
    #[must_use]
    pub fn read_gp(&self, reg: u32) -> u32 {
        self.state.lock().gp.read_gp(reg)
    }

    /// Writes one.
    pub fn write_gp(&self, reg: u32, value: u32) {
        let State { gp, figures, .. } = &mut *self.state.lock();
        gp.write_gp(reg, value, figures);
    }

    /// Reads a register of a pixel processor.
    #[must_use]
    pub fn read_pp(&self, n: usize, reg: u32) -> u32 {
        self.state.lock().pp[n].read_pp(reg)
    }

    /// Writes one.
    pub fn write_pp(&self, n: usize, reg: u32, value: u32) {
        let State { pp, figures, .. } = &mut *self.state.lock();
        pp[n].write_pp(reg, value, figures);
    }

    /// Writes a register of every pixel processor. Resets by broadcast are not counted.
    pub fn write_pp_bcast(&self, reg: u32, value: u32) {
        let mut uncounted = Figures::default();
        for pp in &mut self.state.lock().pp {
            pp.write_pp(reg, value, &mut uncounted);
        }
    }

    /// Reads a register of an MMU; of the first one for a broadcast.
    #[must_use]
    pub fn read_mmu(&self, mmu: Mmu, reg: u32) -> u32 {
        let state = self.state.lock();
        match mmu {
            Mmu::Gp => state.gp_mmu.read(reg),
            Mmu::Pp(n) => state.pp_mmu[n].read(reg),
            Mmu::Broadcast => state.pp_mmu[0].read(reg),
        }
    }

    /// Writes one.
    pub fn write_mmu(&self, mmu: Mmu, reg: u32, value: u32) {
        let mut state = self.state.lock();
        let State {
            gp_mmu,
            pp_mmu,
            figures,
            ..
        } = &mut *state;
        let zap = reg == regs::mmu::COMMAND && value == regs::mmu::CMD_ZAP_CACHE;
        if zap {
            self.machine.counters().invalidations.add(1);
        }
        match mmu {
            Mmu::Gp => {
                gp_mmu.write(reg, value, figures);
                figures.gp_zaps += u32::from(zap);
            }
            Mmu::Pp(n) => {
                pp_mmu[n].write(reg, value, figures);
                figures.pp_zaps += u32::from(zap);
            }
            Mmu::Broadcast => {
                let mut uncounted = Figures::default();
                for unit in pp_mmu {
                    unit.write(reg, value, &mut uncounted);
                }
                // The broadcast unit itself, and every address it stands for.
                figures.pp_zaps += if zap { 1 + MAX_PP } else { 0 };
            }
        }
    }

    /// Writes a register of the load balancer.
    pub fn write_dlbu(&self, reg: u32, value: u32) {
        self.state.lock().dlbu.insert(reg, value);
    }

    /// Reads one.
    #[must_use]
    pub fn read_dlbu(&self, reg: u32) -> u32 {
        self.state.lock().dlbu.get(&reg).copied().unwrap_or(0)
    }

    /// Writes a register of the broadcast unit.
    pub fn write_bcast(&self, reg: u32, value: u32) {
        self.state.lock().bcast.insert(reg, value);
    }

    /// Reads one.
    #[must_use]
    pub fn read_bcast(&self, reg: u32) -> u32 {
        self.state.lock().bcast.get(&reg).copied().unwrap_or(0)
    }

    /// Something happens in the geometry processor; `status`, where given, is what runs from then on.
    pub fn raise_gp(&self, bits: u32, status: Option<u32>) {
        self.state.lock().gp.raise(bits, status);
    }

    /// Something happens in a pixel processor; it does not render any more.
    pub fn raise_pp(&self, n: usize, bits: u32) {
        self.state.lock().pp[n].raise(bits, Some(0));
    }

    /// An MMU faults.
    pub fn raise_mmu(&self, mmu: Mmu, address: u32, write: bool) {
        let mut state = self.state.lock();
        match mmu {
            Mmu::Gp => state.gp_mmu.fault(address, write),
            Mmu::Pp(n) => state.pp_mmu[n].fault(address, write),
            Mmu::Broadcast => {}
        }
    }

    /// How often the driver did what commands count.
    #[must_use]
    pub fn figures(&self) -> Figures {
        self.state.lock().figures
    }

    /// A byte as a processor loads it through its MMU: by a cached translation where there is one. `None` raises the fault.
    #[must_use]
    pub fn load(&self, mmu: Mmu, va: u32) -> Option<u8> {
        let pa = self.translate(mmu, va, Access::Read)?;
        let mut byte = [0];
        self.machine.ram().read(pa, &mut byte);
        Some(byte[0])
    }

    /// A byte as a processor stores it; `false` raises the fault.
    pub fn store(&self, mmu: Mmu, va: u32, byte: u8) -> bool {
        let Some(pa) = self.translate(mmu, va, Access::Write) else {
            return false;
        };
        self.machine.ram().write(pa, &[byte]);
        true
    }

    fn translate(&self, mmu: Mmu, va: u32, access: Access) -> Option<u64> {
        let mut state = self.state.lock();
        let unit = match mmu {
            Mmu::Gp => &mut state.gp_mmu,
            Mmu::Pp(n) => &mut state.pp_mmu[n],
            Mmu::Broadcast => return None,
        };
        let found = unit.cached(va).or_else(|| {
            let root = u64::from(unit.read(regs::mmu::DTE_ADDR));
            let view = View::new(LimaFormat, &*self.tables, root);
            let (_, leaf) = view.translate(va.into(), access).ok()?;
            unit.remember(va, leaf.pa);
            Some(leaf.pa | u64::from(va & 0xfff))
        });
        if found.is_none() {
            unit.fault(va, access == Access::Write);
        }
        found
    }

    /// MMUs and processors whose interrupt line is up.
    #[must_use]
    pub fn asserted(&self) -> Asserted {
        let state = self.state.lock();
        Asserted {
            gp: state.gp.read_gp(regs::gp::INT_STAT) != 0,
            pp: std::array::from_fn(|n| state.pp[n].read_pp(regs::pp::INT_STATUS) != 0),
            gp_mmu: state.gp_mmu.read(regs::mmu::INT_STATUS) != 0,
            pp_mmu: std::array::from_fn(|n| state.pp_mmu[n].read(regs::mmu::INT_STATUS) != 0),
        }
    }
}

/// Interrupt lines that are up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asserted {
    /// The geometry processor's.
    pub gp: bool,
    /// Pixel processors'.
    pub pp: [bool; NUM_PP],
    /// The geometry processor's MMU's.
    pub gp_mmu: bool,
    /// Pixel processors' MMUs'.
    pub pp_mmu: [bool; NUM_PP],
}

//! The mock GPU: what its registers say, its address-space slots, the page of registers that user space may map.
//!
//! It knows the driver's page tables only by the root address that is written into a slot.

mod cs;
mod spaces;

use drm_core::errno::Result;
use drm_core::machine::Machine;
use drm_core::memory::{Gfp, Page};
use drm_core::sync::Mutex;
use port_kit::mmu::MachineTables;

pub use self::cs::{Cs, CsInterface, HeapState, Stop, SyncWait, op};
use self::spaces::Spaces;
pub use self::spaces::{Command, Done, Fault, RootRegisters};
use crate::uapi::{CsifInfo, GpuInfo};

/// What a GPU is.
#[derive(Clone, Copy, Debug)]
pub struct HwConfig {
    /// Whether it sees the CPU caches.
    pub coherent: bool,
    /// Its registers, as they read.
    pub gpu: GpuInfo,
    /// Its firmware interface.
    pub csif: CsifInfo,
    /// Bytes of the one section that its firmware has.
    pub firmware_section: u64,
}

impl Default for HwConfig {
    /// A G610 with eight slots for address spaces, not coherent.
    fn default() -> Self {
        Self {
            coherent: false,
            gpu: GpuInfo {
                gpu_id: 0xa867_0000,
                l2_features: 0x0712_0306,
                mmu_features: 0x2830,
                max_threads: 0x800,
                as_present: 0xff,
                shader_present: 0x5_0005,
                l2_present: 1,
                tiler_present: 1,
                ..GpuInfo::default()
            },
            csif: CsifInfo {
                csg_slot_count: 4,
                cs_slot_count: 8,
                cs_reg_count: 96,
                scoreboard_slot_count: 8,
                unpreserved_cs_reg_count: 4,
                pad: 0,
            },
            firmware_section: 0x40 * drm_core::PAGE_SIZE,
        }
    }
}

impl HwConfig {
    /// The same GPU behind a bus that keeps CPU caches coherent.
    #[must_use]
    pub fn coherent() -> Self {
        let mut config = Self {
            coherent: true,
            ..Self::default()
        };
        config.gpu.coherency_features = 3;
        config
    }

    /// Bytes of a cache line (`GPU_L2_FEATURES_LINE_SIZE`).
    #[must_use]
    pub fn l2_line_size(&self) -> u64 {
        1 << (self.gpu.l2_features & 0xff)
    }

    /// Bits of an address that it can map (`GPU_MMU_FEATURES_VA_BITS`).
    #[must_use]
    pub fn va_bits(&self) -> u32 {
        self.gpu.mmu_features & 0xff
    }

    /// Bits of a physical address (`GPU_MMU_FEATURES_PA_BITS`).
    #[must_use]
    pub fn pa_bits(&self) -> u32 {
        self.gpu.mmu_features >> 8 & 0xff
    }
}

/// The GPU of one machine.
pub struct Hw {
    machine: Machine,
    config: HwConfig,
    /// The RAM that tables lie in; nothing is allocated from it.
    tables: MachineTables,
    spaces: Mutex<Spaces>,
    /// The page with `CSF_GPU_LATEST_FLUSH_ID`.
    flush_id: Page,
}

impl Hw {
    /// The GPU after power-on. `ENOMEM` without RAM for its register page.
    pub fn new(machine: &Machine, config: HwConfig) -> Result<Self> {
        let flush_id = Page::alloc(machine.frames(), Gfp::KERNEL)?;
        machine.ram().write_u32(flush_id.phys(), 1);
        Ok(Self {
            machine: machine.clone(),
            config,
            tables: MachineTables::new(machine, Gfp::KERNEL),
            spaces: Mutex::default(),
            flush_id,
        })
    }

    /// What it is.
    #[must_use]
    pub fn config(&self) -> &HwConfig {
        &self.config
    }

    /// The machine it is in.
    #[must_use]
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Physical address of the page with `CSF_GPU_LATEST_FLUSH_ID`.
    #[must_use]
    pub fn flush_id_page(&self) -> u64 {
        self.flush_id.phys()
    }
}

//! Identity, reset, power, caches, performance counters: the registers below `0x1000`.

use super::access::AccessKind;
use super::{Ended, Gpu};
use crate::regs::*;

/// Shader cores, a bit each.
pub const SHADER_CORES: u32 = 0x3;
const TILERS: u32 = 0x1;
const L2_CACHES: u32 = 0x1;

/// What is built into the hardware.
const IDENTITY: &[(u32, u32)] = &[
    (GPU_ID, 0x7212_0000),
    (GPU_L2_FEATURES, 0x0711_0206),
    (GPU_CORE_FEATURES, 0),
    (GPU_TILER_FEATURES, 0x809),
    (GPU_MEM_FEATURES, 0x1),
    (GPU_MMU_FEATURES, 0x2830),
    (GPU_AS_PRESENT, 0xff),
    (GPU_JS_PRESENT, 0x7),
    (GPU_AFBC_FEATURES, 0x1),
    (GPU_THREAD_MAX_THREADS, 0x300),
    (GPU_THREAD_MAX_WORKGROUP_SIZE, 0x180),
    (GPU_THREAD_MAX_BARRIER_SIZE, 0x180),
    (GPU_THREAD_FEATURES, 0x0a04_4000),
    (GPU_THREAD_TLS_ALLOC, 0x300),
    (GPU_TEXTURE_FEATURES, 0x00fe_001e),
    (GPU_TEXTURE_FEATURES + 4, 0xffff),
    (GPU_TEXTURE_FEATURES + 8, 0x9f81_ffff),
    (GPU_JS_FEATURES, 0x20e),
    (GPU_JS_FEATURES + 4, 0x1fe),
    (GPU_JS_FEATURES + 8, 0x7e),
    (GPU_SHADER_PRESENT_LO, SHADER_CORES),
    (GPU_TILER_PRESENT_LO, TILERS),
    (GPU_L2_PRESENT_LO, L2_CACHES),
];

/// What a register write means for the rest of the GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing.
    None,
    /// Everything goes back to its state after power-on.
    Reset,
    /// The counters are to be written to memory.
    Sample,
}

#[derive(Debug, Default)]
struct Power {
    shader: u32,
    tiler: u32,
    l2: u32,
}

#[derive(Debug, Default)]
struct Counters {
    base: u64,
    config: u32,
    enabled: [u32; 4],
    samples: u32,
}

/// The block of the GPU itself.
#[derive(Debug, Default)]
pub(super) struct Control {
    int_raw: u32,
    int_mask: u32,
    flush_id: u32,
    power: Power,
    counters: Counters,
    pub(super) resets: u32,
}

impl Control {
    pub(super) fn line(&self) -> bool {
        self.int_raw & self.int_mask != 0
    }

    pub(super) fn read(&self, reg: u32) -> u32 {
        match reg {
            GPU_INT_RAWSTAT => self.int_raw,
            GPU_INT_MASK => self.int_mask,
            GPU_INT_STAT => self.int_raw & self.int_mask,
            GPU_LATEST_FLUSH_ID => self.flush_id,
            SHADER_READY_LO => self.power.shader,
            TILER_READY_LO => self.power.tiler,
            L2_READY_LO => self.power.l2,
            GPU_PERFCNT_CFG => self.counters.config,
            _ => IDENTITY
                .iter()
                .find(|(at, _)| *at == reg)
                .map_or(0, |(_, value)| *value),
        }
    }

    pub(super) fn write(&mut self, reg: u32, value: u32) -> Effect {
        match reg {
            GPU_INT_CLEAR => self.int_raw &= !value,
            GPU_INT_MASK => self.int_mask = value,
            GPU_CMD => return self.command(value),
            SHADER_PWRON_LO => self.power.shader |= value & SHADER_CORES,
            TILER_PWRON_LO => self.power.tiler |= value & TILERS,
            L2_PWRON_LO => self.power.l2 |= value & L2_CACHES,
            SHADER_PWROFF_LO => self.power.shader &= !value,
            TILER_PWROFF_LO => self.power.tiler &= !value,
            L2_PWROFF_LO => self.power.l2 &= !value,
            GPU_PERFCNT_BASE_LO => {
                self.counters.base = self.counters.base >> 32 << 32 | u64::from(value);
            }
            GPU_PERFCNT_BASE_HI => {
                self.counters.base = self.counters.base & 0xffff_ffff | u64::from(value) << 32;
            }
            GPU_PERFCNT_CFG => self.counters.config = value,
            GPU_PRFCNT_JM_EN => self.counters.enabled[0] = value,
            GPU_PRFCNT_TILER_EN => self.counters.enabled[1] = value,
            GPU_PRFCNT_MMU_L2_EN => self.counters.enabled[2] = value,
            GPU_PRFCNT_SHADER_EN => self.counters.enabled[3] = value,
            _ => {}
        }
        Effect::None
    }

    fn command(&mut self, command: u32) -> Effect {
        match command {
            GPU_CMD_SOFT_RESET => {
                *self = Self {
                    int_raw: GPU_IRQ_RESET_COMPLETED,
                    resets: self.resets + 1,
                    ..Self::default()
                };
                return Effect::Reset;
            }
            GPU_CMD_PERFCNT_CLEAR => self.counters.samples = 0,
            GPU_CMD_PERFCNT_SAMPLE => return Effect::Sample,
            GPU_CMD_CLEAN_CACHES | GPU_CMD_CLEAN_INV_CACHES => {
                self.flush_id += 1;
                self.int_raw |= GPU_IRQ_CLEAN_CACHES_COMPLETED;
            }
            _ => {}
        }
        Effect::None
    }
}

/// 32-bit counters in a block.
const COUNTERS_PER_BLOCK: u64 = 64;

impl Gpu {
    /// Writes a block of counters for the job manager, the tiler, the L2 cache and each core, through the address space that
    /// the configuration names. Word 2 of a block is the mask of counters that are on, word 4 counts samples.
    pub(super) fn sample_counters(&self) {
        let (space, base, enabled, samples) = {
            let mut state = self.state.lock();
            let counters = &mut state.control.counters;
            counters.samples += 1;
            let space = (counters.config >> 4 & 0xf) as usize;
            (space, counters.base, counters.enabled, counters.samples)
        };
        let cores = SHADER_CORES.count_ones() as usize;
        let blocks = enabled[..3]
            .iter()
            .chain(std::iter::repeat_n(&enabled[3], cores));
        for (block, enabled) in (0..).zip(blocks) {
            for (word, value) in [(2, *enabled), (4, samples)] {
                let va = base + (block * COUNTERS_PER_BLOCK + word) * 4;
                let done = self.access(space, va, AccessKind::Write(value));
                if !matches!(done.ended, Ended::Done { .. }) {
                    break;
                }
            }
        }
        self.state.lock().control.int_raw |= GPU_IRQ_PERFCNT_SAMPLE_COMPLETED;
    }
}

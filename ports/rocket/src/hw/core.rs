//! A core: registers, and tasks that are read from memory as register commands.
//!
//! What a task computes is not modelled: it moves `DPU_DATA_CUBE_WIDTH` + 1 bytes from `DPU_RDMA_SRC_BASE_ADDR` to
//! `DPU_DST_BASE_ADDR`.

use std::collections::BTreeMap;

use drm_core::sync::{Arc, Mutex, OnceLock, Weak};
use port_kit::mmu::MachineTables;

use super::Interrupts;
use super::cache::Caches;
use super::iommu::{Iommu, PageFault};
use super::regs::*;

#[derive(Debug, Default)]
struct State {
    registers: BTreeMap<u32, u32>,
    /// A fault stopped the task; only a reset helps.
    stalled: bool,
}

/// One core.
pub struct Core {
    iommu: Iommu,
    state: Mutex<State>,
    driver: OnceLock<Weak<dyn Interrupts>>,
}

impl std::fmt::Debug for Core {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Core")
            .field("iommu", &self.iommu)
            .finish_non_exhaustive()
    }
}

impl Core {
    pub(super) fn new(tables: &Arc<MachineTables>) -> Self {
        Self {
            iommu: Iommu::new(tables),
            state: Mutex::default(),
            driver: OnceLock::new(),
        }
    }

    /// Who serves its interrupts, once.
    pub(crate) fn connect(&self, driver: Weak<dyn Interrupts>) {
        // A second driver would be a bug of the probe; the first stays.
        let _ = self.driver.set(driver);
    }

    /// Its IOMMU.
    #[must_use]
    pub fn iommu(&self) -> &Iommu {
        &self.iommu
    }

    /// Whether a task is under way, or hangs.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.read(PC_OPERATION_ENABLE) != 0
    }

    pub(crate) fn read(&self, register: u32) -> u32 {
        let state = self.state.lock();
        state.registers.get(&register).copied().unwrap_or(0)
    }

    pub(crate) fn write(&self, register: u32, value: u32) {
        let mut state = self.state.lock();
        if register == PC_INTERRUPT_CLEAR {
            let pending = state.registers.entry(PC_INTERRUPT_RAW_STATUS).or_default();
            *pending &= !value;
        } else {
            state.registers.insert(register, value);
        }
    }

    /// Everything off, as after power-on (`rocket_core_reset`).
    pub(crate) fn reset(&self) {
        *self.state.lock() = State::default();
    }

    fn irq(&self, serve: impl FnOnce(&dyn Interrupts)) {
        if let Some(driver) = self.driver.get().and_then(Weak::upgrade) {
            serve(&*driver);
        }
    }

    /// Does the task that was started; whether there was one.
    pub(super) fn step(&self, caches: &Caches) -> bool {
        if !self.is_busy() || self.state.lock().stalled {
            return false;
        }
        match self.task(caches) {
            Ok(()) => {
                let mut state = self.state.lock();
                state.registers.insert(PC_OPERATION_ENABLE, 0);
                *state.registers.entry(PC_INTERRUPT_RAW_STATUS).or_default() |= INTERRUPT_DPU_0;
                let unmasked = state.registers.get(&PC_INTERRUPT_MASK).copied();
                drop(state);
                if unmasked.unwrap_or(0) & INTERRUPT_DPU_0 != 0 {
                    self.irq(|driver| driver.npu_irq());
                }
            }
            Err(_) => {
                self.state.lock().stalled = true;
                self.irq(|driver| driver.mmu_irq());
            }
        }
        true
    }

    fn task(&self, caches: &Caches) -> Result<(), PageFault> {
        let base = u64::from(self.read(PC_BASE_ADDRESS));
        let pairs = self.read(PC_REGISTER_AMOUNTS) as usize + 1;
        let mut bytes = vec![0; pairs * 16];
        self.iommu.read(caches, base, &mut bytes)?;
        for command in bytes.as_chunks::<8>().0 {
            if let Some((register, value)) = decode(u64::from_le_bytes(*command)) {
                self.write(register, value);
            }
        }
        let (from, to) = (
            self.read(DPU_RDMA_SRC_BASE_ADDR),
            self.read(DPU_DST_BASE_ADDR),
        );
        let mut data = vec![0; self.read(DPU_DATA_CUBE_WIDTH) as usize + 1];
        self.iommu.read(caches, from.into(), &mut data)?;
        self.iommu.write(caches, to.into(), &data)
    }
}

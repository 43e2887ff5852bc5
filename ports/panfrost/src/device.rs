//! The device: hardware, features, locks and lists of the driver (`struct panfrost_device`), reset, suspend and resume.

use drm_core::dma::{DmaConfig, DmaDevice};
use drm_core::errno::{Errno, Result};
use drm_core::machine::{Event, Machine};
use drm_core::sync::atomic::{AtomicU32, Ordering};
use drm_core::sync::{Arc, Mutex, OnceLock, Weak};

use crate::Params;
use crate::dump::CoreDump;
use crate::features::Features;
use crate::hw::{Gpu, Interrupts};
use crate::job::Jobs;
use crate::memory::Memory;
use crate::mmu::Spaces;
use crate::perfcnt::Perfcnt;
use crate::pm::Power;
use crate::regs::*;

/// Blocks of the device whose interrupts can be off (`PANFROST_COMP_BIT_*`).
#[derive(Clone, Copy, Debug)]
#[repr(u32)]
pub(crate) enum Component {
    Gpu = 1,
    Job = 2,
    Mmu = 4,
}

/// `struct panfrost_device`. Nothing in it belongs to a memory library.
pub struct PanfrostDevice {
    this: Weak<Self>,
    machine: Machine,
    dma: DmaDevice,
    gpu: Arc<Gpu>,
    features: Features,
    params: Params,
    suspended: AtomicU32,
    pub(crate) power: Mutex<Power>,
    /// `as_lock`, and what it protects.
    pub(crate) spaces: Mutex<Spaces>,
    pub(crate) jobs: Jobs,
    pub(crate) perfcnt: Mutex<Perfcnt>,
    pub(crate) core_dump: Mutex<Option<CoreDump>>,
    memory: OnceLock<Weak<dyn Memory>>,
}

impl std::fmt::Debug for PanfrostDevice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PanfrostDevice")
            .field("params", &self.params)
            .finish_non_exhaustive()
    }
}

impl PanfrostDevice {
    /// Finds the hardware and takes it over (`panfrost_drv.c: panfrost_probe`, `panfrost_device.c: panfrost_device_init`).
    pub(crate) fn probe(machine: &Machine, gpu: &Arc<Gpu>, params: Params) -> Arc<Self> {
        let pfdev = Arc::new_cyclic(|this: &Weak<Self>| {
            gpu.connect(this.clone());
            soft_reset(gpu);
            let features = Features::read(gpu);
            let dma = DmaConfig {
                mask: (1 << features.pa_bits()) - 1,
                coherent: params.coherent,
                iommu: false,
                max_segment: 0,
            };
            Self {
                this: this.clone(),
                machine: machine.clone(),
                dma: DmaDevice::new(machine, "panfrost", dma),
                gpu: Arc::clone(gpu),
                features,
                params,
                suspended: AtomicU32::new(0),
                power: Mutex::default(),
                spaces: Mutex::default(),
                jobs: Jobs::default(),
                perfcnt: Mutex::default(),
                core_dump: Mutex::default(),
                memory: OnceLock::new(),
            }
        });
        pfdev.power_on();
        pfdev.perfcnt_off();
        pfdev.enable_job_interrupts();
        pfdev.pm_enable();
        pfdev
    }

    /// Tells the device which side answers faults, once.
    pub(crate) fn set_memory(&self, memory: Weak<dyn Memory>) {
        // A second side would be a bug of the probe; the first stays.
        let _ = self.memory.set(memory);
    }

    pub(crate) fn memory(&self) -> Option<Arc<dyn Memory>> {
        self.memory.get().and_then(Weak::upgrade)
    }

    pub(crate) fn weak(&self) -> Weak<Self> {
        self.this.clone()
    }

    /// The machine it is in.
    #[must_use]
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// What does its DMA.
    #[must_use]
    pub fn dma(&self) -> &DmaDevice {
        &self.dma
    }

    /// Its registers.
    #[must_use]
    pub fn gpu(&self) -> &Arc<Gpu> {
        &self.gpu
    }

    /// What its registers said at probe.
    #[must_use]
    pub fn features(&self) -> &Features {
        &self.features
    }

    /// Whether it sees the CPU caches.
    #[must_use]
    pub fn coherent(&self) -> bool {
        self.params.coherent
    }

    /// `ENOSYS` unless the module parameter `unstable_ioctls` is on (`panfrost_unstable_ioctl_check`).
    pub(crate) fn check_unstable_ioctls(&self) -> Result {
        if self.params.unstable_ioctls {
            Ok(())
        } else {
            Err(Errno::ENOSYS)
        }
    }

    /// A line of the kernel log (`dev_err`).
    pub(crate) fn log(&self, line: String) {
        self.machine.trace().record(Event::Log(line));
    }

    pub(crate) fn is_suspended(&self, component: Component) -> bool {
        self.suspended.load(Ordering::SeqCst) & component as u32 != 0
    }

    pub(crate) fn set_suspended(&self, component: Component, suspended: bool) {
        if suspended {
            self.suspended.fetch_or(component as u32, Ordering::SeqCst);
        } else {
            self.suspended
                .fetch_and(!(component as u32), Ordering::SeqCst);
        }
    }

    /// Resets the GPU and everything that the driver remembers of it (`panfrost_device_reset`).
    pub(crate) fn device_reset(&self) {
        self.set_suspended(Component::Gpu, false);
        soft_reset(&self.gpu);
        self.power_on();
        self.mmu_reset();
        self.enable_job_interrupts();
    }

    /// `panfrost_device_runtime_resume`.
    pub(crate) fn runtime_resume(&self) {
        self.device_reset();
    }

    /// `panfrost_device_runtime_suspend`. `EBUSY` while the hardware has jobs.
    pub(crate) fn runtime_suspend(&self) -> Result {
        if !self.jobs.is_idle() {
            return Err(Errno::EBUSY);
        }
        for (component, mask) in [
            (Component::Job, JOB_INT_MASK),
            (Component::Mmu, MMU_INT_MASK),
            (Component::Gpu, GPU_INT_MASK),
        ] {
            self.set_suspended(component, true);
            self.gpu.write(mask, 0);
        }
        self.gpu
            .write(SHADER_PWROFF_LO, self.features.shader_present as u32);
        self.gpu
            .write(TILER_PWROFF_LO, self.features.tiler_present as u32);
        self.gpu
            .write(L2_PWROFF_LO, self.features.l2_present as u32);
        Ok(())
    }

    /// `panfrost_gpu_power_on`.
    fn power_on(&self) {
        let cores = self.features.core_mask();
        for (on, ready, wanted, name) in [
            (
                L2_PWRON_LO,
                L2_READY_LO,
                self.features.l2_present & cores,
                "L2",
            ),
            (
                SHADER_PWRON_LO,
                SHADER_READY_LO,
                self.features.shader_present & cores,
                "shader",
            ),
            (
                TILER_PWRON_LO,
                TILER_READY_LO,
                self.features.tiler_present,
                "tiler",
            ),
        ] {
            self.gpu.write(on, wanted as u32);
            if self.gpu.read(ready) != wanted as u32 {
                self.log(format!("error powering up gpu {name}"));
            }
        }
    }

    /// The hard interrupt handler of the GPU block (`panfrost_gpu_irq_handler`).
    fn gpu_irq_handler(&self) -> bool {
        let state = self.gpu.read(GPU_INT_STAT);
        if self.is_suspended(Component::Gpu) || state == 0 {
            return false;
        }
        if state & GPU_IRQ_PERFCNT_SAMPLE_COMPLETED != 0 {
            self.gpu.write(GPU_CMD, GPU_CMD_CLEAN_CACHES);
        }
        if state & GPU_IRQ_CLEAN_CACHES_COMPLETED != 0 {
            self.perfcnt_dump_done();
        }
        self.gpu.write(GPU_INT_CLEAR, state);
        true
    }
}

/// `panfrost_gpu_soft_reset`, less the wait: the mock GPU is done at once.
fn soft_reset(gpu: &Gpu) {
    gpu.write(GPU_INT_MASK, 0);
    gpu.write(GPU_INT_CLEAR, GPU_IRQ_RESET_COMPLETED);
    gpu.write(GPU_CMD, GPU_CMD_SOFT_RESET);
    gpu.write(GPU_INT_CLEAR, GPU_IRQ_MASK_ALL);
    gpu.write(
        GPU_INT_MASK,
        GPU_IRQ_MASK_ERROR | GPU_IRQ_PERFCNT_SAMPLE_COMPLETED | GPU_IRQ_CLEAN_CACHES_COMPLETED,
    );
}

impl Interrupts for PanfrostDevice {
    fn gpu_irq(&self) -> bool {
        self.gpu_irq_handler()
    }

    fn job_irq(&self) -> bool {
        self.job_irq_handler()
    }

    fn mmu_irq(&self) -> bool {
        self.mmu_irq_handler()
    }
}

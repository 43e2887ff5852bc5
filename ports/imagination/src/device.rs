//! The device (`struct pvr_device`): what is known of the hardware, and what is there once for all files.

use drm_core::device::{Device, WeakDevice};
use drm_core::dma::{DmaConfig, DmaDevice};
use drm_core::errno::{Errno, Result};
use drm_core::machine::{Event, Machine};
use drm_core::memory::Gfp;
use drm_core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use drm_core::sync::{Arc, Mutex, OnceLock, Weak};
use port_kit::mmu::MachineTables;

use crate::buffer::PvrGem;
use crate::features::{Features, Params, Processor};
use crate::free_list::FreeList;
use crate::fw::FwDevice;
use crate::hw::{Gpu, Host};
use crate::ids::Ids;
use crate::queue::Queue;
use crate::vm::VmContext;

/// `struct pvr_device`, for buffer objects of one side.
pub struct PvrDevice<B: PvrGem> {
    this: Weak<Self>,
    machine: Machine,
    dma: DmaDevice,
    gpu: Arc<Gpu>,
    params: Params,
    features: Features,
    tables: Arc<MachineTables>,
    drm: OnceLock<WeakDevice>,
    /// Flushes that were put off (`mmu_flush_cache_flags`).
    pub(crate) flush_flags: AtomicU32,
    /// The firmware was started, and no hard reset is under way.
    pub(crate) booted: AtomicBool,
    lost: AtomicBool,
    pub(crate) fw: FwDevice<B>,
    /// The address space of the firmware, where that uses the GPU's page tables.
    pub(crate) kernel_vm: Mutex<Option<Arc<VmContext<B>>>>,
    pub(crate) free_list_ids: Ids<Weak<FreeList<B>>>,
    pub(crate) ctx_ids: Ids<()>,
    pub(crate) job_ids: Ids<()>,
    pub(crate) queues: Mutex<Vec<Weak<Queue<B>>>>,
}

impl<B: PvrGem> std::fmt::Debug for PvrDevice<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PvrDevice")
            .field("params", &self.params)
            .finish_non_exhaustive()
    }
}

impl<B: PvrGem> PvrDevice<B> {
    /// The device before its firmware runs.
    pub(crate) fn new(machine: &Machine, gpu: &Arc<Gpu>, params: Params) -> Arc<Self> {
        let features = Features::new(params);
        let dma = DmaConfig {
            mask: (1 << features.phys_bus_width) - 1,
            coherent: params.coherent,
            ..DmaConfig::default()
        };
        Arc::new_cyclic(|this: &Weak<Self>| {
            gpu.connect(this.clone());
            Self {
                this: this.clone(),
                machine: machine.clone(),
                dma: DmaDevice::new(machine, "powervr", dma),
                gpu: Arc::clone(gpu),
                params,
                features,
                tables: Arc::new(MachineTables::new(machine, Gfp::KERNEL)),
                drm: OnceLock::new(),
                flush_flags: AtomicU32::new(0),
                booted: AtomicBool::new(false),
                lost: AtomicBool::new(false),
                fw: FwDevice::new(params.processor),
                kernel_vm: Mutex::default(),
                free_list_ids: Ids::default(),
                ctx_ids: Ids::default(),
                job_ids: Ids::default(),
                queues: Mutex::default(),
            }
        })
    }

    /// Takes the hardware over (`pvr_device_gpu_init`): the kernel's address space, then the firmware.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; `ETIMEDOUT` when the firmware does not start.
    pub(crate) fn init(&self, drm: &Device) -> Result {
        // A device is probed once.
        let _ = self.drm.set(drm.downgrade());
        if self.params.processor != Processor::Mips {
            let vm = VmContext::create(&self.arc()?, false)?;
            *self.kernel_vm.lock() = Some(vm);
        }
        let result = self.fw_init();
        if result.is_err() {
            self.drop_kernel_vm();
        }
        result
    }

    /// Gives the hardware back (`pvr_remove`, less the unplug).
    pub(crate) fn fini(&self) {
        if !self.job_ids.ids().is_empty() {
            self.machine.warn("pvr_drv.c: !xa_empty(&pvr_dev->job_ids)");
        }
        if !self.free_list_ids.ids().is_empty() {
            self.machine
                .warn("pvr_drv.c: !xa_empty(&pvr_dev->free_list_ids)");
        }
        self.fw_fini();
        self.drop_kernel_vm();
    }

    fn drop_kernel_vm(&self) {
        let vm = self.kernel_vm.lock().take();
        drop(vm);
    }

    /// A counted reference. `ENODEV` while the last one goes.
    pub(crate) fn arc(&self) -> Result<Arc<Self>> {
        self.this.upgrade().ok_or(Errno::ENODEV)
    }

    pub(crate) fn weak(&self) -> Weak<Self> {
        self.this.clone()
    }

    /// The DRM device. `ENODEV` while it goes.
    pub(crate) fn drm(&self) -> Result<Device> {
        self.drm
            .get()
            .and_then(WeakDevice::upgrade)
            .ok_or(Errno::ENODEV)
    }

    /// Whether the hardware is gone (`!drm_dev_enter`).
    pub(crate) fn is_unplugged(&self) -> bool {
        self.drm().is_ok_and(|drm| drm.is_unplugged())
    }

    /// `EIO` when the hardware is gone, as the driver's ioctls answer in their first line.
    pub(crate) fn enter(&self) -> Result {
        if self.is_unplugged() {
            return Err(Errno::EIO);
        }
        Ok(())
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

    /// The hardware.
    #[must_use]
    pub fn gpu(&self) -> &Arc<Gpu> {
        &self.gpu
    }

    /// What it can do.
    #[must_use]
    pub fn features(&self) -> &Features {
        &self.features
    }

    pub(crate) fn processor(&self) -> Processor {
        self.params.processor
    }

    pub(crate) fn tables(&self) -> &Arc<MachineTables> {
        &self.tables
    }

    /// Whether it was given up (`pvr_dev->lost`).
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.lost.load(Ordering::SeqCst)
    }

    /// Gives it up: nothing can be asked of it any more (`pvr_device_lost`).
    pub(crate) fn set_lost(&self) {
        if !self.lost.swap(true, Ordering::SeqCst)
            && let Ok(drm) = self.drm()
        {
            drm.unplug();
        }
    }

    /// A line of the kernel log.
    pub(crate) fn log(&self, line: impl Into<String>) {
        self.machine.trace().record(Event::Log(line.into()));
    }
}

impl<B: PvrGem> Host for PvrDevice<B> {
    /// `pvr_device_irq_thread_handler`.
    fn irq(&self) {
        if !self.booted.load(Ordering::SeqCst) {
            return;
        }
        self.fwccb_process();
        self.process_active_queues();
    }
}

//! The device (`struct ivpu_device`): the MMU's contexts, the jobs that the firmware has, power.

use std::collections::BTreeMap;

use drm_core::device::{Device, WeakDevice};
use drm_core::dma::{DmaConfig, DmaDevice};
use drm_core::errno::{Errno, Result};
use drm_core::machine::Machine;
use drm_core::sync::{Arc, Mutex, OnceLock, Weak};

use crate::Params;
use crate::context::{Context, GLOBAL_SSID, RESERVED_SSID};
use crate::file::FileContext;
use crate::hw::{Event, Interrupts, Npu};
use crate::job::Job;
use crate::memory::Memory;
use crate::ranges::Ranges;

/// SSIDs of open files.
pub const USER_SSIDS: std::ops::RangeInclusive<u32> = 2..=65;

/// Nothing in it belongs to a memory library.
pub struct IvpuDevice {
    machine: Machine,
    dma: DmaDevice,
    npu: Arc<Npu>,
    params: Params,
    ranges: Ranges,
    gctx: Arc<Context>,
    _rctx: Arc<Context>,
    /// Contexts of files by SSID (`context_xa`).
    contexts: Mutex<BTreeMap<u32, Weak<FileContext>>>,
    /// Jobs that the firmware has (`submitted_jobs_xa`).
    pub(crate) jobs: Mutex<BTreeMap<u32, Job>>,
    memory: OnceLock<Weak<dyn Memory>>,
    drm: OnceLock<WeakDevice>,
}

impl std::fmt::Debug for IvpuDevice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IvpuDevice")
            .field("params", &self.params)
            .finish_non_exhaustive()
    }
}

impl IvpuDevice {
    /// Finds the hardware, and makes the contexts of the kernel and the firmware (`ivpu_dev_init`). `ENOMEM`.
    pub(crate) fn probe(machine: &Machine, npu: &Arc<Npu>, params: Params) -> Result<Arc<Self>> {
        let ranges = Ranges::of(params.generation);
        let dma = DmaConfig {
            mask: (1 << Ranges::dma_bits(params.generation)) - 1,
            coherent: true,
            iommu: false,
            max_segment: params.max_segment,
        };
        npu.mmu().enable()?;
        let gctx = Context::new(npu, GLOBAL_SSID, ranges.global_context(), params)?;
        let rctx = Context::new(npu, RESERVED_SSID, ranges.user_context(), params)?;
        let device = Arc::new(Self {
            machine: machine.clone(),
            dma: DmaDevice::new(machine, "intel_vpu", dma),
            npu: Arc::clone(npu),
            params,
            ranges,
            gctx,
            _rctx: rctx,
            contexts: Mutex::default(),
            jobs: Mutex::default(),
            memory: OnceLock::new(),
            drm: OnceLock::new(),
        });
        let driver: Arc<dyn Interrupts> = Arc::clone(&device) as _;
        npu.connect(Arc::downgrade(&driver));
        Ok(device)
    }

    /// Tells the device its side and its DRM device, once.
    pub(crate) fn connect(&self, memory: Weak<dyn Memory>, drm: WeakDevice) {
        // A second side would be a bug of the probe; the first stays.
        let _ = self.memory.set(memory);
        let _ = self.drm.set(drm);
    }

    pub(crate) fn memory(&self) -> Option<Arc<dyn Memory>> {
        self.memory.get().and_then(Weak::upgrade)
    }

    pub(crate) fn drm(&self) -> Option<Device> {
        self.drm.get().and_then(WeakDevice::upgrade)
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
    pub fn npu(&self) -> &Arc<Npu> {
        &self.npu
    }

    /// Its address ranges.
    #[must_use]
    pub fn ranges(&self) -> &Ranges {
        &self.ranges
    }

    /// The context of the kernel and the firmware.
    #[must_use]
    pub fn global_context(&self) -> &Arc<Context> {
        &self.gctx
    }

    /// Powers the MMU up, if it is down (`ivpu_rpm_get`). `ETIMEDOUT`.
    pub(crate) fn power_up(&self) -> Result {
        if self.npu.mmu().is_on() {
            return Ok(());
        }
        self.npu.mmu().enable()
    }

    /// The context of a file that is opened, with the lowest number that is free (`ivpu_open`). `EBUSY` when all are taken; `ENOMEM`.
    pub(crate) fn new_file(self: &Arc<Self>) -> Result<Arc<FileContext>> {
        let mut contexts = self.contexts.lock();
        let ssid = USER_SSIDS
            .into_iter()
            .find(|ssid| !contexts.contains_key(ssid))
            .ok_or(Errno::EBUSY)?;
        let context = Context::new(&self.npu, ssid, self.ranges.user_context(), self.params)?;
        let file = FileContext::new(self, context);
        contexts.insert(ssid, Arc::downgrade(&file));
        Ok(file)
    }

    /// The number of a context is free again.
    pub(crate) fn erase(&self, ssid: u32) {
        self.contexts.lock().remove(&ssid);
    }

    /// Contexts of files that are open.
    pub(crate) fn files(&self) -> Vec<Arc<FileContext>> {
        let contexts = self.contexts.lock();
        contexts.values().filter_map(Weak::upgrade).collect()
    }

    fn file(&self, ssid: u32) -> Option<Arc<FileContext>> {
        self.contexts.lock().get(&ssid).and_then(Weak::upgrade)
    }
}

impl Interrupts for IvpuDevice {
    fn job_done(&self, job_id: u32, status: u32) {
        let job = self.jobs.lock().remove(&job_id);
        if let Some(job) = job {
            job.done(self, status);
        }
    }

    /// `ivpu_mmu_irq_evtq_handler`: a fault of a file ends its context, one of the firmware would reset the NPU.
    fn mmu_event(&self, event: Event) {
        let line = format!(
            "MMU EVTQ: code {:#x} SSID {} addr {:#x}",
            event.code, event.ssid, event.va
        );
        self.machine
            .trace()
            .record(drm_core::machine::Event::Log(line));
        if let Some(file) = self.file(event.ssid) {
            file.mark_faulted();
        }
    }
}

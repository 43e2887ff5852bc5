//! The device (`struct amdxdna_dev`): how it addresses memory, and what all clients share.

use drm_core::dma::{DmaConfig, DmaDevice};
use drm_core::errno::{Errno, Result};
use drm_core::machine::Machine;
use drm_core::sync::{Arc, Mutex, MutexGuard, OnceLock, Weak};

use crate::Params;
use crate::cbuf::CarveOut;
use crate::client::CHUNK;
use crate::hw::{Domain, Npu, Space};
use crate::memory::Memory;
use crate::task::Task;

/// How the device reaches memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressing {
    /// By the addresses of the process (PASID).
    Sva,
    /// By IOVAs that the driver gives out (`force_iova`).
    Iova,
    /// By physical addresses, of carve-out memory.
    Physical,
}

/// Everything about the device that belongs to no memory library.
pub struct AmdxdnaDevice {
    machine: Machine,
    dma: DmaDevice,
    npu: Arc<Npu>,
    domain: Arc<Domain>,
    params: Params,
    carve_out: Mutex<Option<Arc<CarveOut>>>,
    current: Mutex<Option<Arc<Task>>>,
    notifiers: Mutex<()>,
    /// `dev_lock`: hardware contexts.
    dev_lock: Mutex<()>,
    memory: OnceLock<Weak<dyn Memory>>,
}

impl std::fmt::Debug for AmdxdnaDevice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AmdxdnaDevice")
            .field("params", &self.params)
            .finish_non_exhaustive()
    }
}

impl AmdxdnaDevice {
    pub(crate) fn probe(machine: &Machine, params: Params) -> Arc<Self> {
        let dma = DmaConfig {
            mask: (1 << 48) - 1,
            coherent: false,
            iommu: false,
            max_segment: 0,
        };
        Arc::new(Self {
            machine: machine.clone(),
            dma: DmaDevice::new(machine, "amdxdna", dma),
            npu: Npu::new(machine),
            domain: Arc::new(Domain::new(machine)),
            params,
            carve_out: Mutex::default(),
            current: Mutex::default(),
            notifiers: Mutex::default(),
            dev_lock: Mutex::default(),
            memory: OnceLock::new(),
        })
    }

    /// The objects of its driver, once there are any.
    pub(crate) fn set_memory(&self, memory: Weak<dyn Memory>) {
        self.memory.get_or_init(|| memory);
    }

    pub(crate) fn memory(&self) -> Result<Arc<dyn Memory>> {
        let memory = self.memory.get().and_then(Weak::upgrade);
        memory.ok_or(Errno::ENODEV)
    }

    /// The machine it is in.
    #[must_use]
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// As DMA is mapped for it.
    #[must_use]
    pub fn dma(&self) -> &DmaDevice {
        &self.dma
    }

    /// The hardware.
    #[must_use]
    pub fn npu(&self) -> &Arc<Npu> {
        &self.npu
    }

    /// The paging domain of [`Addressing::Iova`].
    #[must_use]
    pub fn domain(&self) -> &Arc<Domain> {
        &self.domain
    }

    pub(crate) fn params(&self) -> Params {
        self.params
    }

    /// Sets carve-out memory up, once. `EBUSY` the second time; `ENOMEM`.
    pub fn set_carve_out(&self, len: u64) -> Result {
        let mut carve_out = self.carve_out.lock();
        if carve_out.is_some() {
            return Err(Errno::EBUSY);
        }
        *carve_out = Some(Arc::new(CarveOut::new(&self.machine, len, CHUNK)?));
        Ok(())
    }

    pub(crate) fn carve_out(&self) -> Option<Arc<CarveOut>> {
        self.carve_out.lock().clone()
    }

    /// First address and bytes in use of carve-out memory.
    #[must_use]
    pub fn carve_out_use(&self) -> Option<(u64, u64)> {
        let carve_out = self.carve_out.lock();
        carve_out
            .as_ref()
            .map(|window| (window.base(), window.used()))
    }

    /// Which process calls from now on (`current`).
    pub fn run_as(&self, task: Option<&Arc<Task>>) {
        let task = task.cloned();
        let last = std::mem::replace(&mut *self.current.lock(), task);
        drop(last);
    }

    /// The process that calls. `EINVAL` for a kernel thread.
    pub(crate) fn current(&self) -> Result<Arc<Task>> {
        self.current.lock().clone().ok_or(Errno::EINVAL)
    }

    /// How memory is reached. `EINVAL` where it cannot be.
    pub(crate) fn addressing(&self) -> Result<Addressing> {
        if self.carve_out.lock().is_some() {
            return Ok(Addressing::Physical);
        }
        match (self.params.force_iova, self.params.sva) {
            (true, _) => Ok(Addressing::Iova),
            (false, true) => Ok(Addressing::Sva),
            (false, false) => Err(Errno::EINVAL),
        }
    }

    /// Whether the device shares the addresses of processes.
    pub(crate) fn is_sva(&self) -> bool {
        self.addressing() == Ok(Addressing::Sva)
    }

    /// What a context of `task` sees. `EINVAL` where it cannot see any memory.
    pub(crate) fn space(&self, task: &Weak<Task>) -> Result<Space> {
        Ok(match self.addressing()? {
            Addressing::Sva => Space::Process(task.clone()),
            Addressing::Iova => Space::Iova(Arc::clone(&self.domain)),
            Addressing::Physical => Space::Physical,
        })
    }

    /// `notifier_lock`: what mappings of processes are, and which jobs use them.
    pub(crate) fn lock_notifiers(&self) -> MutexGuard<'_, ()> {
        self.notifiers.lock()
    }

    pub(crate) fn lock_dev(&self) -> MutexGuard<'_, ()> {
        self.dev_lock.lock()
    }
}

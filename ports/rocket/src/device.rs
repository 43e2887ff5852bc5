//! The device: a facade without an IOMMU that DMA is mapped for, and the cores (`rocket_device.c`, `rocket_core.c`).

use drm_core::dma::{DmaConfig, DmaDevice};
use drm_core::errno::Result;
use drm_core::machine::Machine;
use drm_core::sync::{Arc, Mutex};

use crate::Params;
use crate::domain::Domain;
use crate::hw::{CORES, Npu};
use crate::job::Core;
use crate::va::VaSpace;

/// `struct rocket_device`. Nothing in it belongs to a memory library.
pub struct RocketDevice {
    machine: Machine,
    dma: DmaDevice,
    npu: Arc<Npu>,
    cores: Vec<Arc<Core>>,
    params: Params,
    /// References to domains that an error path forgot: nobody will ever drop them.
    leaked: Mutex<Vec<Arc<Domain>>>,
}

impl std::fmt::Debug for RocketDevice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RocketDevice")
            .field("params", &self.params)
            .finish_non_exhaustive()
    }
}

impl RocketDevice {
    /// Finds the hardware and takes it over (`rocket_device_init`, `rocket_core_init`).
    pub(crate) fn probe(machine: &Machine, npu: &Arc<Npu>, params: Params) -> Arc<Self> {
        let dma = DmaConfig {
            mask: (1 << 40) - 1,
            coherent: false,
            iommu: false,
            max_segment: 0,
        };
        Arc::new(Self {
            machine: machine.clone(),
            dma: DmaDevice::new(machine, "rknn", dma),
            npu: Arc::clone(npu),
            cores: (0..CORES).map(|index| Core::new(npu, index)).collect(),
            params,
            leaked: Mutex::default(),
        })
    }

    /// The machine it is in.
    #[must_use]
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// The facade.
    #[must_use]
    pub fn dma(&self) -> &DmaDevice {
        &self.dma
    }

    /// The hardware.
    #[must_use]
    pub fn npu(&self) -> &Arc<Npu> {
        &self.npu
    }

    pub(crate) fn cores(&self) -> &[Arc<Core>] {
        &self.cores
    }

    /// A paging domain, and the allocator of its addresses. `ENOMEM`.
    pub(crate) fn new_space(&self) -> Result<(Arc<Domain>, Arc<VaSpace>)> {
        let domain = Domain::new(&self.npu)?;
        let va = VaSpace::new(&self.machine, self.params.aperture);
        Ok((domain, Arc::new(va)))
    }

    /// A reference to a domain that is never given back.
    pub(crate) fn leak(&self, domain: Arc<Domain>) {
        self.leaked.lock().push(domain);
    }

    /// References to domains that were never given back.
    #[must_use]
    pub fn leaked_domains(&self) -> usize {
        self.leaked.lock().len()
    }
}

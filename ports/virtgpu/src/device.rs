//! The device (`struct virtio_gpu_device`): numbers, fences, the queue, the window.

use std::collections::BTreeSet;

use drm_core::device::WeakDevice;
use drm_core::dma::{DmaConfig, DmaDevice, Entry, SgTable};
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::machine::{Fail, Machine};
use drm_core::resv::FenceContext;
use drm_core::sync::atomic::{AtomicU32, Ordering};
use drm_core::sync::{Arc, Mutex, OnceLock, Weak};

use crate::host::{Capset, Host};
use crate::memory::Memory;
use crate::queue::{FenceAlloc, Queue};
use crate::window::Window;

/// What all devices of the module share: the counter of resource ids (`virtio_gpu_resource_id_get`, `virglhack`).
#[derive(Debug, Default)]
pub struct Module {
    seqno: AtomicU32,
}

/// What the host offers, how the device is built in, and the parameters of the module.
#[derive(Clone, Debug)]
pub struct Params {
    /// The renderer (`VIRTIO_GPU_F_VIRGL`).
    pub virgl: bool,
    /// `VIRTIO_GPU_F_RESOURCE_BLOB`.
    pub blob: bool,
    /// `VIRTIO_GPU_F_RESOURCE_UUID`.
    pub uuid: bool,
    /// `VIRTIO_GPU_F_CONTEXT_INIT`.
    pub context_init: bool,
    /// Pages of the host-visible window, a power of two up to 512; `None` for no window.
    pub window: Option<u32>,
    /// Sets of capabilities.
    pub capsets: Vec<Capset>,
    /// `VIRTIO_F_ACCESS_PLATFORM`: the host wants addresses of the DMA API.
    pub use_dma_api: bool,
    /// What the transport device reaches, and how. The host sees no CPU caches where it is not coherent.
    pub dma: DmaConfig,
    /// Pixels and lines of the screen; `None` for a device without one.
    pub mode: Option<(u32, u32)>,
    /// `virglhack`: resource ids are never used again.
    pub virglhack: bool,
    /// Foreign buffers become objects of a third kind, as from Linux 6.14 on; else they are refused, as in 6.12.
    pub dynamic_import: bool,
    /// What this device shares with others.
    pub module: Arc<Module>,
}

impl Default for Params {
    /// A 2D host with a screen, by physical addresses.
    fn default() -> Self {
        Self {
            virgl: false,
            blob: false,
            uuid: false,
            context_init: false,
            window: None,
            capsets: Vec::new(),
            use_dma_api: false,
            dma: DmaConfig::default(),
            mode: Some((64, 64)),
            virglhack: true,
            dynamic_import: false,
            module: Arc::default(),
        }
    }
}

/// Numbers that are used again, lowest first (`struct ida`), from 1.
#[derive(Default)]
struct Ida(Mutex<BTreeSet<u32>>);

impl Ida {
    fn get(&self) -> u32 {
        let mut taken = self.0.lock();
        let free = (1..u32::MAX)
            .find(|id| !taken.contains(id))
            .unwrap_or(u32::MAX);
        taken.insert(free);
        free
    }

    fn put(&self, id: u32) {
        self.0.lock().remove(&id);
    }
}

/// Nothing in it belongs to a memory library.
pub struct VirtgpuDevice {
    machine: Machine,
    dma: DmaDevice,
    params: Params,
    host: Arc<Host>,
    ctrlq: Queue,
    fence_context: Arc<FenceContext>,
    resource_ida: Ida,
    ctx_id_ida: Ida,
    window: Option<Window>,
    /// Capabilities that were asked for: id, version, and what came (`cap_cache`).
    pub(crate) cap_cache: Mutex<Vec<CachedCapset>>,
    memory: OnceLock<Weak<dyn Memory>>,
}

/// A set of capabilities that was asked for: its number, its version, and what came.
pub(crate) type CachedCapset = (u32, u32, Arc<OnceLock<Vec<u8>>>);

impl std::fmt::Debug for VirtgpuDevice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VirtgpuDevice")
            .field("params", &self.params)
            .finish_non_exhaustive()
    }
}

impl VirtgpuDevice {
    /// `ENOMEM`.
    pub(crate) fn probe(machine: &Machine, params: &Params) -> Result<Arc<Self>> {
        let dma = DmaDevice::new(machine, "virtio_gpu", params.dma);
        let host = Arc::new(Host::new(&dma, params)?);
        Ok(Arc::new(Self {
            machine: machine.clone(),
            ctrlq: Queue::new(machine, &host),
            fence_context: Arc::new(FenceContext::new()),
            resource_ida: Ida::default(),
            ctx_id_ida: Ida::default(),
            window: host.window().map(Window::new),
            cap_cache: Mutex::default(),
            memory: OnceLock::new(),
            params: params.clone(),
            dma,
            host,
        }))
    }

    /// The DRM device and the side's objects are there.
    pub(crate) fn connect(&self, drm: WeakDevice, memory: Weak<dyn Memory>) {
        self.ctrlq.connect(drm);
        // The probe says it once.
        let _ = self.memory.set(memory);
    }

    /// The side's objects. `ENODEV` when the device is gone.
    pub(crate) fn memory(&self) -> Result<Arc<dyn Memory>> {
        let memory = self.memory.get().and_then(Weak::upgrade);
        memory.ok_or(Errno::ENODEV)
    }

    /// The machine.
    pub(crate) fn machine(&self) -> &Machine {
        &self.machine
    }

    /// The transport device.
    pub(crate) fn dma(&self) -> &DmaDevice {
        &self.dma
    }

    /// What the host offers.
    #[must_use]
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// The host.
    #[must_use]
    pub fn host(&self) -> &Arc<Host> {
        &self.host
    }

    pub(crate) fn ctrlq(&self) -> &Queue {
        &self.ctrlq
    }

    pub(crate) fn window(&self) -> Option<&Window> {
        self.window.as_ref()
    }

    /// A fence of the device's own sequence (`virtio_gpu_fence_alloc`).
    pub(crate) fn fence(&self) -> FenceAlloc {
        FenceAlloc::new(&self.fence_context, None)
    }

    /// A number for a resource; the first is 2, or 1 where they are used again.
    pub(crate) fn resource_id_get(&self) -> u32 {
        if self.params.virglhack {
            self.params.module.seqno.fetch_add(1, Ordering::SeqCst) + 2
        } else {
            self.resource_ida.get()
        }
    }

    pub(crate) fn resource_id_put(&self, id: u32) {
        if !self.params.virglhack {
            self.resource_ida.put(id);
        }
    }

    /// A number for a file's context, from 1.
    pub(crate) fn ctx_id_get(&self) -> u32 {
        self.ctx_id_ida.get()
    }

    pub(crate) fn ctx_id_put(&self, id: u32) {
        self.ctx_id_ida.put(id);
    }

    /// What the host is told of a table's memory: runs of the DMA API, or physical ones. `ENOMEM`.
    ///
    /// The table was mapped for the device, which wrote the CPU's caches back.
    pub(crate) fn mem_entries(&self, sgt: &SgTable) -> Result<Vec<Entry>> {
        self.host.guest().clean(sgt.entries());
        self.machine.failpoints().check(Fail::Alloc)?;
        let entries = if self.params.use_dma_api {
            sgt.dma_entries()
        } else {
            sgt.entries()
        };
        Ok(entries.to_vec())
    }

    /// The resource of an object. `EINVAL` for an object of another driver.
    pub(crate) fn resource(&self, object: &Gem) -> Result<Arc<crate::resource::Resource>> {
        self.memory()?.resource(object)
    }
}

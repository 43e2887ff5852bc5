//! The DRM device, its driver, and its open files.

mod driver;
mod file;
mod ioctl;

use std::fmt;

pub use driver::{Driver, Features};
pub use file::{File, OpenFlags};
pub use ioctl::{DumbArgs, IoctlNr, core_nr};

use crate::dma::DmaDevice;
use crate::gem::{HandleTable, LruLock, OffsetSpace};
use crate::machine::Machine;
use crate::mmap::AddressSpace;
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::sync::{Arc, Mutex, MutexGuard, Weak};

struct Inner {
    driver: Arc<dyn Driver>,
    dma: DmaDevice,
    offsets: OffsetSpace,
    lru_lock: LruLock,
    names: Mutex<()>,
    name_table: Mutex<HandleTable>,
    address_space: AddressSpace,
    unplugged: AtomicBool,
    objects: AtomicUsize,
    files: AtomicUsize,
}

/// A device that may be gone.
#[derive(Clone, Default)]
pub struct WeakDevice(Weak<Inner>);

impl fmt::Debug for WeakDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WeakDevice")
    }
}

impl WeakDevice {
    /// The device, if it still exists.
    #[must_use]
    pub fn upgrade(&self) -> Option<Device> {
        self.0.upgrade().map(Device)
    }
}

/// A DRM device (`struct drm_device`). A clone is the same device.
#[derive(Clone)]
pub struct Device(Arc<Inner>);

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Device({} on {})",
            self.0.driver.name(),
            self.0.dma.name()
        )
    }
}

impl Device {
    /// Registers a device: `driver` on the hardware `dma`.
    #[must_use]
    pub fn new(dma: DmaDevice, driver: Arc<dyn Driver>) -> Self {
        Self(Arc::new(Inner {
            driver,
            dma,
            offsets: OffsetSpace::default(),
            lru_lock: LruLock::default(),
            names: Mutex::new(()),
            name_table: Mutex::default(),
            address_space: AddressSpace::default(),
            unplugged: AtomicBool::new(false),
            objects: AtomicUsize::new(0),
            files: AtomicUsize::new(0),
        }))
    }

    /// Whether both are the same device.
    #[must_use]
    pub fn is(&self, other: &Device) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The device, as its own driver may keep it: deferred work needs it, and must not keep it alive.
    #[must_use]
    pub fn downgrade(&self) -> WeakDevice {
        WeakDevice(Arc::downgrade(&self.0))
    }

    /// Its driver.
    #[must_use]
    pub fn driver(&self) -> &Arc<dyn Driver> {
        &self.0.driver
    }

    /// Its driver, if that is a `T`.
    #[must_use]
    pub fn driver_as<T: Driver>(&self) -> Option<Arc<T>> {
        let any: Arc<dyn std::any::Any + Send + Sync> = Arc::clone(&self.0.driver) as _;
        any.downcast().ok()
    }

    /// The hardware that does its DMA.
    #[must_use]
    pub fn dma(&self) -> &DmaDevice {
        &self.0.dma
    }

    /// The machine it is on.
    #[must_use]
    pub fn machine(&self) -> &Machine {
        self.0.dma.machine()
    }

    /// Its mmap offset space.
    #[must_use]
    pub fn offsets(&self) -> &OffsetSpace {
        &self.0.offsets
    }

    /// The lock of its LRU lists.
    #[must_use]
    pub fn lru_lock(&self) -> &LruLock {
        &self.0.lru_lock
    }

    /// Every user mapping made through it.
    #[must_use]
    pub fn address_space(&self) -> &AddressSpace {
        &self.0.address_space
    }

    /// The lock over handle counts and dma-bufs of its objects (`object_name_lock`). Inside the prime lock of a file, outside
    /// of reservations.
    pub fn lock_names(&self) -> MutexGuard<'_, ()> {
        self.0.names.lock()
    }

    /// The objects that have a global name (`object_name_idr`). Under the name lock.
    pub(crate) fn name_table(&self) -> MutexGuard<'_, HandleTable> {
        self.0.name_table.lock()
    }

    /// Takes the hardware away (`drm_dev_unplug`): mappings are zapped, new ones refused.
    pub fn unplug(&self) {
        self.0.unplugged.store(true, Ordering::SeqCst);
        self.0.address_space.zap_all(self.machine());
    }

    /// Whether the hardware is gone (`drm_dev_is_unplugged`).
    #[must_use]
    pub fn is_unplugged(&self) -> bool {
        self.0.unplugged.load(Ordering::SeqCst)
    }

    /// Objects of the device that exist: 0 again when everything is closed.
    #[must_use]
    pub fn object_count(&self) -> usize {
        self.0.objects.load(Ordering::SeqCst)
    }

    /// Open files.
    #[must_use]
    pub fn file_count(&self) -> usize {
        self.0.files.load(Ordering::SeqCst)
    }

    pub(crate) fn object_created(&self) {
        self.0.objects.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn object_destroyed(&self) {
        self.0.objects.fetch_sub(1, Ordering::SeqCst);
    }
}

//! Reclaim: the lists of the device and of its spaces, and what the parts ask of the driver.

use std::fmt;

use drm_core::device::Device;
use drm_core::errno::Result;
use drm_core::gpuvm::{GpuVm, GpuVmBo};
use drm_core::machine::Shrinker;
use drm_core::sync::Arc;
use gem_uma::{DeviceReclaim, EvictVm, VmReclaim};

use super::PanthorObject;
use super::drv::Hooks;
use crate::device::Panthor;
use crate::mmu::{Types, try_clear};

/// The lists of a device, known to the machine.
pub struct Registered {
    lists: DeviceReclaim,
    /// The machine asks it for memory for as long as it lives.
    _shrinker: Arc<dyn Shrinker>,
}

impl fmt::Debug for Registered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lists.fmt(f)
    }
}

impl Registered {
    pub(super) fn new(dev: &Device) -> Self {
        let lists = DeviceReclaim::new(dev);
        Self {
            _shrinker: lists.register(),
            lists,
        }
    }
}

impl Hooks {
    /// The lists of the device, if memory is reclaimed.
    #[must_use]
    pub fn lists(&self) -> Option<&DeviceReclaim> {
        self.reclaim.get().map(|registered| &registered.lists)
    }
}

/// The lists of a device, if memory is reclaimed.
pub(super) fn lists(dev: &Device) -> Option<DeviceReclaim> {
    let panthor: Arc<Panthor<PanthorObject>> = dev.driver_as()?;
    panthor.hooks().lists().cloned()
}

impl EvictVm for Types<PanthorObject> {
    fn reclaim(vm: &GpuVm<Self>) -> Option<&VmReclaim> {
        vm.data().space().as_ref()
    }

    fn try_unmap(vm_bo: &GpuVmBo<Self>) -> Result {
        try_clear(vm_bo)
    }
}

//! The address spaces of a file, by id, and their end.

use std::collections::BTreeMap;

use drm_core::device::Device;
use drm_core::errno::{Errno, Result};
use drm_core::sync::atomic::Ordering;
use drm_core::sync::{Arc, Mutex};

use super::{Mmu, Vm, VmRange};
use crate::bo::BufferObject;
use crate::uapi::VmCreate;

/// Spaces that one file may have.
const MAX_VMS_PER_FILE: u32 = 32;

/// The address spaces of one file (`struct panthor_vm_pool`).
pub struct VmPool<B: BufferObject>(Mutex<BTreeMap<u32, Vm<B>>>);

impl<B: BufferObject> Default for VmPool<B> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<B: BufferObject> VmPool<B> {
    /// A new space and its id, which is the lowest free one from 1 (`panthor_vm_pool_create_vm`); `args` learns where user space
    /// ends.
    ///
    /// Errors of [`VmRange::split`]; `EBUSY` when the file has all it may have.
    pub(crate) fn create_vm(
        &self,
        dev: &Device,
        mmu: &Arc<Mmu>,
        args: &mut VmCreate,
    ) -> Result<u32> {
        let range = VmRange::split(args, mmu.va_bits())?;
        let vm = Vm::new(dev, mmu, "panthor-GPU-VM", range)?;
        let mut vms = self.0.lock();
        let id = (1..=MAX_VMS_PER_FILE)
            .find(|id| !vms.contains_key(id))
            .ok_or(Errno::EBUSY)?;
        args.user_va_range = vm.user_va_range();
        vms.insert(id, vm);
        Ok(id)
    }

    /// The space of an id, with a reference (`panthor_vm_pool_get_vm`).
    #[must_use]
    pub fn get(&self, id: u32) -> Option<Vm<B>> {
        self.0.lock().get(&id).cloned()
    }

    /// Ends a space (`panthor_vm_pool_destroy_vm`). `EINVAL` for an unknown id.
    pub(crate) fn destroy_vm(&self, id: u32) -> Result {
        let vm = self.0.lock().remove(&id).ok_or(Errno::EINVAL)?;
        vm.destroy();
        Ok(())
    }

    /// Ends all spaces (`panthor_vm_pool_destroy`).
    pub(crate) fn destroy(&self) {
        let vms = std::mem::take(&mut *self.0.lock());
        for vm in vms.into_values() {
            vm.destroy();
        }
    }
}

impl<B: BufferObject> Vm<B> {
    /// Ends the space: heaps and mappings go, and its id already has (`panthor_vm_destroy`). It lives on while somebody refers to
    /// it: a queued operation does, and is carried out when its turn comes.
    pub(crate) fn destroy(self) {
        let data = self.data();
        data.destroyed.store(true, Ordering::SeqCst);
        let pool = data.heaps.lock().take();
        if let Some(pool) = pool {
            pool.destroy();
        }
        let whole = self.gpuvm().range();
        if self
            .unmap_range(whole.start, whole.end - whole.start)
            .is_err()
        {
            self.dev()
                .machine()
                .warn("panthor_mmu.c: panthor_vm_destroy");
        }
    }
}

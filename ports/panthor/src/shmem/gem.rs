//! Creation, and what the firmware loader does with an object (`panthor_gem.c`, `panthor_fw.c`).

use drm_core::device::{Device, File};
use drm_core::dma::SgTable;
use drm_core::errno::Result;
use drm_core::gem::{Gem, Object};
use drm_core::sync::Arc;
use gem_shmem::legacy;

use super::PanthorObject;
use super::drv::Hooks;
use crate::bo::{BufferObject, Common};
use crate::mmu::Vm;

impl PanthorObject {
    /// Puts a fresh object under the lock of `vm`, which alone may map it: the helper locks the space from now on, and all
    /// such objects of a space share one lock.
    fn make_exclusive(&self, vm: &Vm<PanthorObject>) {
        let root = vm.root_gem().clone();
        let resv = root.gem().resv().clone();
        self.common.set_exclusive_vm_root_gem(root);
        self.base.base.resv_slot().choose(resv);
    }
}

impl BufferObject for PanthorObject {
    type Hooks = Hooks;
    type Mapped = Arc<SgTable>;
    type Space = ();

    fn new_space(_dev: &Device) {}

    fn common(&self) -> &Common<Self> {
        &self.common
    }

    fn create_with_handle(
        file: &File,
        exclusive_vm: Option<&Vm<Self>>,
        size: &mut u64,
        flags: u32,
    ) -> Result<u32> {
        let object = legacy::create::<PanthorObject>(file.dev(), *size)?;
        object.common.set_flags(flags);
        if let Some(vm) = exclusive_vm {
            object.make_exclusive(vm);
        }
        // For a write-combined mapping the zeroes must leave the CPU caches. The table is not wanted: making it is what
        // flushes them, and what pins the memory for the object's life.
        if object.base.map_wc.get() {
            object.base.get_pages_sgt()?;
        }
        let handle = file.handle_create(&object.clone().into_dyn())?;
        *size = object.gem().size();
        Ok(handle)
    }

    fn create_kernel(dev: &Device, vm: &Vm<Self>, size: u64, flags: u32) -> Result<Gem<Self>> {
        let object = legacy::create::<PanthorObject>(dev, size)?;
        object.common.set_flags(flags);
        object.make_exclusive(vm);
        Ok(object)
    }

    fn pin_for_map(&self) -> Result<Arc<SgTable>> {
        self.map_prepare()
    }

    fn unpin_mapped(&self, _mapped: Arc<SgTable>) {
        self.map_release();
    }

    /// The helper's table, because it is what DMA is synchronised with.
    fn sync_for_device(&self) -> Result {
        let sgt = self.base.get_pages_sgt()?;
        sgt.sync();
        Ok(())
    }
}

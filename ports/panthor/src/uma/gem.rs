//! Creation, and what the firmware loader does with an object (`panthor_gem.c`, `panthor_fw.c`).

use drm_core::device::{Device, File};
use drm_core::dma::SgTable;
use drm_core::errno::Result;
use drm_core::gem::{Gem, Object};
use drm_core::gpuvm::GpuVaList;
use drm_core::resv::ResvGuard;
use drm_core::sync::MutexGuard;
use gem_uma::{New, PinnedTable, VmReclaim};

use super::PanthorObject;
use super::drv::Hooks;
use super::reclaim::lists;
use crate::bo::{BufferObject, Common};
use crate::mmu::{Types, Vm};

impl PanthorObject {
    /// Puts a fresh object under the lock of `vm`, which alone may map it: the helper locks the space from now on, and all
    /// such objects of a space share one lock.
    fn make_exclusive(&self, vm: &Vm<PanthorObject>) {
        let root = vm.root_gem().clone();
        let resv = root.gem().resv().clone();
        self.common.set_exclusive_vm_root_gem(root);
        self.gem.resv_slot().choose(resv);
    }
}

impl BufferObject for PanthorObject {
    type Hooks = Hooks;
    type Mapped = PinnedTable;
    type Space = Option<VmReclaim>;

    fn new_space(dev: &Device) -> Option<VmReclaim> {
        lists(dev).as_ref().map(VmReclaim::new)
    }

    fn space_is_active(space: &Option<VmReclaim>) {
        if let Some(space) = space {
            space.active();
        }
    }

    fn is_evictable(&self) -> bool {
        self.evictable
    }

    fn gpuvas(&self) -> &GpuVaList<Types<Self>> {
        self.gmap.list()
    }

    fn lock_pairs(&self) -> Option<MutexGuard<'_, ()>> {
        Some(self.gmap.lock())
    }

    fn pairs_changed(&self) {
        self.gmap.update();
    }

    fn restore(&self, guard: &mut ResvGuard, map: &mut dyn FnMut(&SgTable) -> Result) -> Result {
        let table = self.dmap.table(guard, &self.backing)?;
        map(&table)
    }

    fn common(&self) -> &Common<Self> {
        &self.common
    }

    fn create_with_handle(
        file: &File,
        exclusive_vm: Option<&Vm<Self>>,
        size: &mut u64,
        flags: u32,
    ) -> Result<u32> {
        let object = match lists(file.dev()) {
            Some(lists) => New::native(file.dev(), *size)?
                .reclaimed_by(&lists)
                .create(PanthorObject::new_evictable)?,
            None => gem_uma::create(file.dev(), *size, PanthorObject::new)?,
        };
        object.common.set_flags(flags);
        if let Some(vm) = exclusive_vm {
            object.make_exclusive(vm);
        }
        // For a write-combined mapping the zeroes must leave the CPU caches. The table is not wanted: making it is what
        // flushes them, and what pins the memory for the object's life.
        if object.cmap.is_write_combined() && !object.evictable {
            drop(object.dmap.lock_table(&object.backing)?);
        }
        let handle = file.handle_create(&object.clone().into_dyn())?;
        *size = object.gem().size();
        Ok(handle)
    }

    fn create_kernel(dev: &Device, vm: &Vm<Self>, size: u64, flags: u32) -> Result<Gem<Self>> {
        let object = gem_uma::create(dev, size, PanthorObject::new)?;
        object.common.set_flags(flags);
        object.make_exclusive(vm);
        Ok(object)
    }

    fn pin_for_map(&self) -> Result<PinnedTable> {
        self.map_prepare()
    }

    fn unpin_mapped(&self, mapped: PinnedTable) {
        self.map_release(mapped);
    }

    /// The helper's table, because it is what DMA is synchronised with.
    fn sync_for_device(&self) -> Result {
        let sgt = self.dmap.lock_table(&self.backing)?;
        sgt.sync();
        Ok(())
    }
}

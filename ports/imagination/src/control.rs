//! What an observer of the driver sees and does besides its ioctls: debug output, interrupts of a test bench, the end of the
//! device.

use drm_core::device::File;
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::memory::KernelMap;
use drm_core::sync::Arc;
use drm_core::sync::atomic::Ordering;

use crate::buffer::PvrGem;
use crate::device::PvrDevice;
use crate::drv::PvrFile;
use crate::free_list::{FreeList, FreeListInfo, FwFreeList};
use crate::uapi::BoFlags;
use crate::vm::{MappingInfo, VmContext};

/// A firmware object, as a trace shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FwObjectInfo {
    /// Place in the heap.
    pub offset: u64,
    /// Bytes.
    pub size: u64,
    /// Address, as the firmware knows it.
    pub addr: u32,
    /// Whether a hard reset leaves it as it is.
    pub kept: bool,
}

/// The driver behind the device, without its side.
pub trait Control: Send + Sync {
    /// The mappings of an address space of a file, by address.
    fn mappings(&self, file: &File, vm: u32) -> Vec<MappingInfo>;

    /// The page catalogue of an address space. `EINVAL` for an unknown one.
    fn root(&self, file: &File, vm: u32) -> Result<u64>;

    /// Tables of an address space: the catalogue, directories, page tables.
    fn tables(&self, file: &File, vm: u32) -> Vec<u64>;

    /// How a free list stands.
    fn free_list(&self, file: &File, handle: u32) -> Option<FreeListInfo>;

    /// What the firmware's struct of a free list said when the driver wrote it last.
    fn fw_free_list(&self, file: &File, handle: u32) -> Option<FwFreeList>;

    /// Firmware objects, in the order of creation.
    fn fw_objects(&self) -> Vec<FwObjectInfo>;

    /// Entries of the flat page table of a MIPS firmware processor, from a place in the heap on.
    fn mips_entries(&self, offset: u64, pages: u32) -> Vec<u32>;

    /// Flushes that were put off.
    fn pending_flush(&self) -> u32;

    /// Restarts the GPU, as the watchdog does when the firmware is stuck.
    ///
    /// # Errors
    ///
    /// Those of the reset; the device is lost then.
    fn hard_reset(&self) -> Result;

    /// What a thread sees while another one resets the GPU: no firmware.
    fn set_booted(&self, booted: bool);

    /// A buffer object of the kernel, that no file has a handle of.
    ///
    /// # Errors
    ///
    /// Those of creation.
    fn create_kernel_bo(&self, size: u64, flags: BoFlags) -> Result<Gem>;

    /// Maps a buffer object for the kernel, as the driver does where it looks into one.
    ///
    /// # Errors
    ///
    /// Those of the mapping; `EINVAL` for an object of another device.
    fn kernel_map(&self, bo: &Gem) -> Result<KernelMap>;

    /// Undoes one [`Control::kernel_map`].
    fn kernel_unmap(&self, bo: &Gem);

    /// Gives the hardware back.
    fn remove(&self);
}

impl<B: PvrGem> PvrDevice<B> {
    fn vm(&self, file: &File, vm: u32) -> Option<Arc<VmContext<B>>> {
        file.private::<PvrFile<B>>()?.vms.load(vm)
    }

    fn list(&self, file: &File, handle: u32) -> Option<Arc<FreeList<B>>> {
        file.private::<PvrFile<B>>()?.free_lists.load(handle)
    }
}

impl<B: PvrGem> Control for PvrDevice<B> {
    fn mappings(&self, file: &File, vm: u32) -> Vec<MappingInfo> {
        self.vm(file, vm).map_or(Vec::new(), |vm| vm.mappings())
    }

    fn root(&self, file: &File, vm: u32) -> Result<u64> {
        self.vm(file, vm).map(|vm| vm.root()).ok_or(Errno::EINVAL)
    }

    fn tables(&self, file: &File, vm: u32) -> Vec<u64> {
        self.vm(file, vm).map_or(Vec::new(), |vm| vm.tables())
    }

    fn free_list(&self, file: &File, handle: u32) -> Option<FreeListInfo> {
        Some(self.list(file, handle)?.info())
    }

    fn fw_free_list(&self, file: &File, handle: u32) -> Option<FwFreeList> {
        self.list(file, handle)?.fw_struct()
    }

    fn fw_objects(&self) -> Vec<FwObjectInfo> {
        let objects = PvrDevice::fw_objects(self);
        let info = |object: &Arc<crate::fw::FwObject<B>>| FwObjectInfo {
            offset: object.offset(),
            size: object.gem().gem().size(),
            addr: object.addr(),
            kept: object.gem().flags().contains(BoFlags::FW_NO_CLEAR_ON_RESET),
        };
        objects.iter().map(info).collect()
    }

    fn mips_entries(&self, offset: u64, pages: u32) -> Vec<u32> {
        PvrDevice::mips_entries(self, offset, pages)
    }

    fn pending_flush(&self) -> u32 {
        self.flush_flags.load(Ordering::SeqCst)
    }

    fn hard_reset(&self) -> Result {
        self.power_reset(true)
    }

    fn set_booted(&self, booted: bool) {
        self.booted.store(booted, Ordering::SeqCst);
    }

    fn create_kernel_bo(&self, size: u64, flags: BoFlags) -> Result<Gem> {
        Ok(B::create(&self.drm()?, size, flags)?.into_dyn())
    }

    fn kernel_map(&self, bo: &Gem) -> Result<KernelMap> {
        bo.downcast::<B>().ok_or(Errno::EINVAL)?.kernel_map()
    }

    fn kernel_unmap(&self, bo: &Gem) {
        if let Some(bo) = bo.downcast::<B>() {
            bo.kernel_unmap();
        }
    }

    fn remove(&self) {
        self.fini();
    }
}

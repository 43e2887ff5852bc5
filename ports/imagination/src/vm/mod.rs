//! Address spaces of user space, and the firmware's where it uses the GPU's page tables (`pvr_vm.c`).

mod bind;

use drm_core::PAGE_SIZE;
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::gpuvm::{GpuVm, VmConfig, resv_object};
use drm_core::machine::Fail;
use drm_core::sync::{Arc, Mutex, Weak};
use port_kit::mmu::MachineTables;
use port_kit::mmu::rogue::{PageSize, RogueTable};

use crate::buffer::{PvrGem, PvrVm};
use crate::device::PvrDevice;
use crate::fw::FwObject;
use crate::fwif::{fwmemcontext, put32, put64};
use crate::uapi::BoFlags;

/// Bits of a device address.
const ADDR_BITS: u32 = 40;
/// Rounds of [`VmContext::unmap_all`] without progress after which the model calls it endless.
const PATIENCE: usize = 100;

/// An address space (`struct pvr_vm_context`). Counted; with the last reference, everything is unmapped.
///
/// The lock that serialises requests (`vm_ctx->lock`) is that of the page tables.
pub struct VmContext<B: PvrGem> {
    pvr: Weak<PvrDevice<B>>,
    table: Mutex<RogueTable<Arc<MachineTables>>>,
    root: u64,
    gpuvm: GpuVm<PvrVm<B>>,
    fw_mem_ctx: Option<Arc<FwObject<B>>>,
}

impl<B: PvrGem> std::fmt::Debug for VmContext<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VmContext({:?})", self.gpuvm)
    }
}

/// A mapping, as a trace shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MappingInfo {
    /// First address.
    pub addr: u64,
    /// Bytes.
    pub size: u64,
    /// Byte of the object that the first address shows.
    pub offset: u64,
}

impl<B: PvrGem> VmContext<B> {
    /// A new, empty address space (`pvr_vm_create_context`). One of user space gets a firmware object that tells the firmware
    /// where its page tables are.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; those of firmware objects.
    pub(crate) fn create(pvr: &Arc<PvrDevice<B>>, of_user_space: bool) -> Result<Arc<Self>> {
        let machine = pvr.machine();
        machine.failpoints().check(Fail::Alloc)?;
        let table = RogueTable::new(Arc::clone(pvr.tables()), PageSize::K4)?;
        let root = table.root();
        let fw_mem_ctx = if of_user_space {
            let init = move |map: &drm_core::memory::KernelMap| {
                put64(map, fwmemcontext::PC_DEV_PADDR, root)?;
                let none = fwmemcontext::INVALID_PCSET;
                put32(map, fwmemcontext::PAGE_CAT_BASE_REG_SET, none)
            };
            let uncached = BoFlags::BYPASS_DEVICE_CACHE;
            let size = fwmemcontext::SIZE;
            Some(pvr.fw_object_create(size, uncached, Some(Box::new(init)))?)
        } else {
            None
        };
        let name = if of_user_space {
            "PowerVR-user-VM"
        } else {
            "PowerVR-FW-VM"
        };
        let config = VmConfig {
            name,
            range: 0..1 << ADDR_BITS,
            ..VmConfig::default()
        };
        Ok(Arc::new(Self {
            pvr: pvr.weak(),
            table: Mutex::new(table),
            root,
            gpuvm: GpuVm::new(config, resv_object(&pvr.drm()?), ()),
            fw_mem_ctx,
        }))
    }

    fn pvr(&self) -> Result<Arc<PvrDevice<B>>> {
        self.pvr.upgrade().ok_or(Errno::ENODEV)
    }

    fn is_user(&self) -> bool {
        self.fw_mem_ctx.is_some()
    }

    /// Physical address of the page catalogue (`pvr_vm_get_page_table_root_addr`).
    #[must_use]
    pub fn root(&self) -> u64 {
        self.root
    }

    /// What tells the firmware of the address space (`pvr_vm_get_fw_mem_context`).
    pub(crate) fn fw_mem_context(&self) -> Option<&Arc<FwObject<B>>> {
        self.fw_mem_ctx.as_ref()
    }

    /// The mappings, by address.
    #[must_use]
    pub fn mappings(&self) -> Vec<MappingInfo> {
        let vas = self.gpuvm.vas();
        vas.iter()
            .map(|va| MappingInfo {
                addr: va.addr(),
                size: va.size(),
                offset: va.offset(),
            })
            .collect()
    }

    /// Tables in use: the catalogue, directories, page tables.
    #[must_use]
    pub fn tables(&self) -> Vec<u64> {
        self.table.lock().view().tables()
    }

    /// Whether the range is one of device addresses: whole pages, not empty, within the address space
    /// (`pvr_device_addr_and_size_are_valid`).
    fn addr_and_size_are_valid(&self, addr: u64, size: u64) -> bool {
        let aligned = (addr | size).is_multiple_of(PAGE_SIZE);
        aligned && size != 0 && self.gpuvm.range_valid(addr, size)
    }

    /// The object that is mapped at an address, and the bytes of that mapping (`pvr_vm_find_gem_object`).
    pub(crate) fn find_gem_object(&self, addr: u64) -> Option<(Gem<B>, u64)> {
        let _lock = self.table.lock();
        let va = self.gpuvm.find_first(addr, 1)?;
        Some((va.object()?, va.size()))
    }

    /// Unmaps everything, in the order of addresses (`pvr_vm_unmap_all`).
    ///
    /// A failure raises a warning, and the same mapping is tried again; the real driver does so for ever.
    pub(crate) fn unmap_all(&self) {
        let Ok(pvr) = self.pvr() else {
            return;
        };
        let mut failures = 0;
        while let Some(va) = self.gpuvm.find_first(0, 1 << ADDR_BITS) {
            let Some(object) = va.object() else {
                return;
            };
            if self.unmap_obj(&object, va.addr(), va.size()).is_err() {
                pvr.machine()
                    .warn("pvr_vm.c: pvr_vm_unmap_obj_locked in pvr_vm_unmap_all");
                failures += 1;
            }
            if failures == PATIENCE {
                pvr.machine().oops("pvr_vm.c: pvr_vm_unmap_all never ends");
                return;
            }
        }
    }
}

impl<B: PvrGem> Drop for VmContext<B> {
    /// `pvr_vm_context_release`.
    fn drop(&mut self) {
        if let (Some(object), Ok(pvr)) = (self.fw_mem_ctx.take(), self.pvr()) {
            pvr.fw_object_destroy(&object);
        }
        self.unmap_all();
    }
}

//! The buffer object (`pvr_gem.c`).

use std::fmt;

use drm_core::device::Device;
use drm_core::dma::{Entry, SgTable};
use drm_core::errno::{Errno, Result};
use drm_core::gem::{Fault, FaultContext, Gem, Gone, Header, IosysMap, Object};
use drm_core::gpuvm::GpuVaList;
use drm_core::memory::KernelMap;
use drm_core::mmap::{NewVma, Vma};
use drm_core::prime::{self, DmaBuf};
use drm_core::resv::ResvGuard;
use drm_core::sync::OnceLock;
use gem_shmem::legacy;

use super::drv::Hooks;
use super::free_list;
use crate::buffer::{PvrGem, PvrVm};
use crate::uapi::BoFlags;

/// A buffer object (`struct pvr_gem_object`).
pub struct PvrGemObject {
    /// The base class.
    pub base: legacy::Object,
    /// What it was created with. An import never gets any.
    flags: OnceLock<BoFlags>,
    gpuva: GpuVaList<PvrVm<Self>>,
}

impl legacy::Subclass for PvrGemObject {
    fn base(&self) -> &legacy::Object {
        &self.base
    }
}

impl legacy::CreateObject for PvrGemObject {
    /// `pvr_gem_create_object`.
    fn gem_create_object(_dev: &Device, base: legacy::Object) -> Result<Self> {
        Ok(Self {
            base,
            flags: OnceLock::new(),
            gpuva: GpuVaList::default(),
        })
    }
}

/// `pvr_gem_object_funcs`.
impl Object for PvrGemObject {
    fn gem(&self) -> &Header {
        &self.base.base
    }

    fn free(&self, gone: &Gone) {
        legacy::object_free(&self.base, gone);
    }

    fn print_info(&self, out: &mut dyn fmt::Write, indent: usize) -> fmt::Result {
        legacy::object_print_info(&self.base, out, indent)
    }

    /// `pvr_gem_export`. `EPERM` for memory of the parameter manager and the firmware.
    fn export(&self, writable: bool) -> Result<DmaBuf> {
        if self.flags().contains(BoFlags::PM_FW_PROTECT) {
            return Err(Errno::EPERM);
        }
        prime::export(self.gem(), writable)
    }

    fn pin(&self, guard: &mut ResvGuard) -> Result {
        legacy::object_pin(&self.base, guard)
    }

    fn unpin(&self, guard: &mut ResvGuard) {
        legacy::object_unpin(&self.base, guard);
    }

    fn get_sg_table(&self, guard: &mut ResvGuard) -> Result<SgTable> {
        legacy::object_get_sg_table(&self.base, guard)
    }

    fn vmap(&self, guard: &mut ResvGuard) -> Result<IosysMap> {
        legacy::object_vmap(&self.base, guard)
    }

    fn vunmap(&self, guard: &mut ResvGuard, _map: &IosysMap) {
        legacy::object_vunmap(&self.base, guard);
    }

    /// `pvr_gem_mmap`. `EINVAL` unless the object was created for it, which an import never is.
    fn mmap(&self, vma: &mut NewVma) -> Result {
        if !self.flags().contains(BoFlags::ALLOW_CPU_USERSPACE_ACCESS) {
            return Err(Errno::EINVAL);
        }
        self.base.mmap(vma)
    }

    fn vm_open(&self, vma: &Vma) {
        legacy::vm_open(&self.base, vma);
    }

    fn vm_close(&self, vma: &Vma) {
        legacy::vm_close(&self.base, vma);
    }

    fn fault(&self, vma: &Vma, fault: FaultContext) -> Fault {
        legacy::fault(&self.base, vma, fault)
    }
}

/// `pvr_gem_object_flags_validate`: known flags, and no memory that is both protected and open to processes.
fn flags_are_valid(flags: BoFlags) -> bool {
    let both = BoFlags::PM_FW_PROTECT | BoFlags::ALLOW_CPU_USERSPACE_ACCESS;
    BoFlags::all().contains(flags) && !flags.contains(both)
}

impl PvrGemObject {
    /// `pvr_gem_object_zero`: through the kernel mapping, so that the caching is that of later users.
    fn zero(&self) -> Result {
        let map = self.kernel_map()?;
        map.fill(0, map.len(), 0)?;
        self.kernel_unmap();
        Ok(())
    }

    /// Makes the caches agree, if the CPU has any of the object. Without a table the device has not seen it yet.
    fn sync_if_cached(&self, guard: &mut ResvGuard) {
        if self.flags().contains(BoFlags::CPU_CACHED)
            && let Some(sgt) = &self.base.locked(guard).sgt
        {
            sgt.sync();
        }
    }
}

impl PvrGem for PvrGemObject {
    type Hooks = Hooks;

    fn create(dev: &Device, size: u64, flags: BoFlags) -> Result<Gem<Self>> {
        if size == 0 || !flags_are_valid(flags) {
            return Err(Errno::EINVAL);
        }
        let bo = legacy::create::<Self>(dev, size)?;
        bo.base.pages_mark_dirty_on_put.set(true);
        bo.base.map_wc.set(!flags.contains(BoFlags::CPU_CACHED));
        bo.flags.get_or_init(|| flags);
        match bo.base.get_pages_sgt() {
            Ok(sgt) => sgt.sync(),
            Err(error) => {
                bo.free_directly(|bo, gone| bo.base.free(gone));
                return Err(error);
            }
        }
        // Whether it was zeroed here is not looked at: the pages were zero when they were read in.
        let _ignored = bo.zero();
        Ok(bo)
    }

    fn flags(&self) -> BoFlags {
        self.flags.get().copied().unwrap_or_default()
    }

    fn gpuva(&self) -> &GpuVaList<PvrVm<Self>> {
        &self.gpuva
    }

    fn get_pages_sgt(&self) -> Result<Vec<Entry>> {
        Ok(self.base.get_pages_sgt()?.dma_entries().to_vec())
    }

    fn get_block_sgt(&self) -> Result<Vec<Entry>> {
        free_list::block_sgt(self)
    }

    /// The base class's vmap, then the caches.
    fn kernel_map(&self) -> Result<KernelMap> {
        let mut guard = self.gem().resv().lock();
        let map = self.base.vmap(&mut guard)?;
        self.sync_if_cached(&mut guard);
        Ok(map.map().clone())
    }

    /// Looks for the mapping in the base class, before it takes the lock. The base class does not store the mapping of an
    /// import: that one is never found, and never undone.
    fn kernel_unmap(&self) {
        let vaddr = self.base.racy().vaddr.clone();
        if vaddr.is_none() {
            self.gem().machine().warn("pvr_gem.c: !map.vaddr");
            return;
        }
        let mut guard = self.gem().resv().lock();
        self.sync_if_cached(&mut guard);
        self.base.vunmap(&mut guard);
    }

    /// Walks the table that the base class keeps, without a lock, and counts in 32 bits.
    fn get_dma_addr(&self, offset: u32) -> Result<u64> {
        let fields = self.base.racy();
        let Some(sgt) = &fields.sgt else {
            self.gem().machine().warn("pvr_gem.c: !shmem_obj->sgt");
            self.gem()
                .machine()
                .oops("pvr_gem.c: walk of a table that is not there");
            return Err(Errno::EFAULT);
        };
        let mut accumulated = 0u32;
        for entry in sgt.dma_entries() {
            let next = accumulated.wrapping_add(entry.len as u32);
            if offset >= accumulated && offset < next {
                return Ok(entry.addr + u64::from(offset - accumulated));
            }
            accumulated = next;
        }
        Err(Errno::EINVAL)
    }
}

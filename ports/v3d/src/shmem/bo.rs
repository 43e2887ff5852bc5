//! The object: creation, import, release, and its function table (`v3d_bo.c`).

use std::fmt;

use drm_core::device::Device;
use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::gem::{self, Fault, FaultContext, Gem, Gone, Header, IosysMap, Status};
use drm_core::memory::KernelMap;
use drm_core::mm::Node;
use drm_core::mmap::{NewVma, Vma};
use drm_core::resv::ResvGuard;
use drm_core::sync::{Arc, Mutex};
use gem_shmem::legacy;

use super::mmu;
use crate::device::V3d;

/// `struct v3d_bo`
#[derive(Debug)]
pub struct V3dBo {
    /// The base class.
    pub base: legacy::Object,
    /// The place in the GPU's space; from the end of creation to the release.
    pub(super) node: Mutex<Option<Node>>,
    /// The driver's own kernel mapping, of the CPU job that runs. Nobody counts its users.
    pub(crate) vaddr: Mutex<Option<KernelMap>>,
}

impl V3dBo {
    pub(super) fn v3d(&self) -> Arc<V3d> {
        let dev = self.base.base.dev();
        dev.driver_as::<V3d>()
            .expect("objects of this type are made by v3d devices alone")
    }
}

impl legacy::Subclass for V3dBo {
    fn base(&self) -> &legacy::Object {
        &self.base
    }
}

impl legacy::CreateObject for V3dBo {
    /// `v3d_create_object`: `EINVAL` for size 0.
    fn gem_create_object(_dev: &Device, base: legacy::Object) -> Result<Self> {
        if base.base.size() == 0 {
            return Err(Errno::EINVAL);
        }
        base.map_wc.set(true);
        Ok(Self {
            base,
            node: Mutex::default(),
            vaddr: Mutex::default(),
        })
    }
}

impl gem::Object for V3dBo {
    fn gem(&self) -> &Header {
        &self.base.base
    }

    /// `v3d_free_object`
    fn free(&self, gone: &Gone) {
        if self.vaddr.lock().is_some() {
            self.unmap_kernel();
        }
        mmu::remove_ptes(self);

        let v3d = self.v3d();
        v3d.uncount_bo(self.base.base.pages());
        if let Some(node) = self.node.lock().take() {
            v3d.remove_node(node);
        }

        // The GPU may have written any page.
        self.base.pages_mark_dirty_on_put.set(true);
        self.base.free(gone);
    }

    fn print_info(&self, out: &mut dyn fmt::Write, indent: usize) -> fmt::Result {
        legacy::object_print_info(&self.base, out, indent)
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

    fn mmap(&self, vma: &mut NewVma) -> Result {
        legacy::object_mmap(&self.base, vma)
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

    /// `v3d_gem_status`: an import is never resident, since it has no page array.
    fn status(&self) -> Option<Status> {
        let mut status = Status::empty();
        if self.base.racy().pages.is_some() {
            status |= Status::RESIDENT;
        }
        Some(status)
    }
}

/// `v3d_bo_create_finish`: pages and table for good, then a place, then entries. After an error the pages are still there.
pub(super) fn create_finish(bo: &V3dBo) -> Result {
    let v3d = bo.v3d();
    bo.base.get_pages_sgt()?;

    let pages = bo.base.base.pages();
    *bo.node.lock() = Some(v3d.insert_node(pages)?);
    v3d.count_bo(pages);

    mmu::insert_ptes(bo)
}

/// `v3d_bo_create`
pub(super) fn create(dev: &Device, size: u64) -> Result<Gem<V3dBo>> {
    let bo = legacy::create::<V3dBo>(dev, size)?;
    match create_finish(&bo) {
        Ok(()) => Ok(bo),
        Err(error) => {
            bo.free_directly(|bo, gone| bo.base.free(gone));
            Err(error)
        }
    }
}

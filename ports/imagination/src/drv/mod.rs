//! The driver as the DRM core calls it (`pvr_drv.c`).

mod ioctl;
mod query;

use drm_core::device::{Device, Driver, Features, File};
use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::machine::Fail;
use drm_core::prime::{Attachment, DmaBuf};
use drm_core::sync::Arc;

use crate::buffer::{DriverHooks, PvrGem};
use crate::context::Context;
use crate::device::PvrDevice;
use crate::free_list::FreeList;
use crate::hwrt::HwrtDataset;
use crate::ids::Ids;
use crate::uapi;
use crate::vm::VmContext;

/// What an open file has (`struct pvr_file`).
pub struct PvrFile<B: PvrGem> {
    pub(crate) contexts: Ids<Arc<Context<B>>>,
    pub(crate) free_lists: Ids<Arc<FreeList<B>>>,
    pub(crate) hwrts: Ids<Arc<HwrtDataset<B>>>,
    pub(crate) vms: Ids<Arc<VmContext<B>>>,
}

impl<B: PvrGem> Default for PvrFile<B> {
    fn default() -> Self {
        Self {
            contexts: Ids::default(),
            free_lists: Ids::default(),
            hwrts: Ids::default(),
            vms: Ids::default(),
        }
    }
}

/// The driver, for buffer objects of one side.
pub(crate) struct PvrDriver<B: PvrGem> {
    pub(crate) pvr: Arc<PvrDevice<B>>,
    pub(crate) hooks: B::Hooks,
}

impl<B: PvrGem> PvrDriver<B> {
    fn file<'a>(&self, file: &'a File) -> Result<&'a PvrFile<B>> {
        file.private().ok_or(Errno::EINVAL)
    }
}

impl<B: PvrGem> Driver for PvrDriver<B> {
    fn name(&self) -> &'static str {
        "powervr"
    }

    fn features(&self) -> Features {
        Features::GEM | Features::GPUVA | Features::RENDER | Features::SYNCOBJ
    }

    /// `pvr_drm_driver_open`. `ENOMEM`.
    fn open(&self, file: &File) -> Result {
        self.pvr.machine().failpoints().check(Fail::Alloc)?;
        file.set_private(PvrFile::<B>::default());
        Ok(())
    }

    /// `pvr_drm_driver_postclose`: contexts, free lists, datasets, address spaces.
    fn postclose(&self, file: &File) {
        let Ok(private) = self.file(file) else {
            return;
        };
        for id in private.contexts.ids() {
            if let Some(context) = private.contexts.erase(id) {
                context.kill_queues();
                // One that jobs still hold keeps nothing mapped.
                if Arc::strong_count(&context) > 1 {
                    context.vm.unmap_all();
                }
            }
        }
        for id in private.free_lists.ids() {
            drop(private.free_lists.erase(id));
        }
        for id in private.hwrts.ids() {
            drop(private.hwrts.erase(id));
        }
        for id in private.vms.ids() {
            drop(private.vms.erase(id));
        }
    }

    fn ioctl(&self, file: &File, nr: u32, arg: &mut [u8]) -> Result {
        self.dispatch(file, nr, arg)
    }

    fn ioctl_size(&self, nr: u32) -> Option<usize> {
        uapi::arg_size(nr)
    }

    fn gem_prime_import_sg_table(
        &self,
        dev: &Device,
        attach: &Arc<Attachment>,
        table: Arc<SgTable>,
    ) -> Result<Gem> {
        self.hooks.gem_prime_import_sg_table(dev, attach, table)
    }

    fn has_import_sg_table(&self) -> bool {
        self.hooks.has_import_sg_table()
    }

    fn gem_prime_import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem> {
        self.hooks.gem_prime_import(dev, dma_buf)
    }
}

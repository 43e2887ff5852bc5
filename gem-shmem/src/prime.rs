//! Import: attached, so that the exporter keeps the pages; never mapped for DMA, because only the CPU reads them.

use drm_core::device::Device;
use drm_core::dma::DmaDevice;
use drm_core::errno::{Errno, Result};
use drm_core::gem::{Gem, Header};
use drm_core::page_align;
use drm_core::prime::{self, Attachment, DmaBuf};
use drm_core::sync::Arc;

use crate::object::{Kind, Object};

impl Object {
    /// Makes an object of a foreign buffer: a driver's `gem_prime_import` (`drm_gem_shmem_prime_import_no_map`). A buffer that
    /// `dev` exported itself is just referenced. No reservation may be held.
    ///
    /// `via` is the device that attaches: `dev.dma()`, or the controller of a display that hangs on a bus without DMA; `ENODEV`
    /// when there is none. Else the exporter's answer to the attachment, and `ENOSPC` for a full mmap offset space; nothing
    /// stays attached then.
    pub fn prime_import(dev: &Device, dma_buf: &DmaBuf, via: Option<&DmaDevice>) -> Result<Gem> {
        let via = via.ok_or(Errno::ENODEV)?;
        prime::import_no_map(dev, dma_buf, via, |attach| {
            Self::of_attachment(dev, attach).map(Gem::into_dyn)
        })
    }

    fn of_attachment(dev: &Device, attach: &Arc<Attachment>) -> Result<Gem<Object>> {
        let base = Header::new_private(dev, page_align(attach.dma_buf().size()));
        base.set_import_attach(Arc::clone(attach));
        base.resv_slot().choose(attach.dma_buf().resv().clone());
        Self::publish(Object {
            base,
            kind: Kind::Imported(Arc::clone(attach)),
        })
    }
}

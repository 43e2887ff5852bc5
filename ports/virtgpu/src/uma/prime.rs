//! Import (`virtgpu_prime.c`): refused as of 6.12, or an object of a third kind as of 6.14, whose exporter may move its memory.

use drm_core::device::Device;
use drm_core::errno::Result;
use drm_core::gem::{Gem, Gone, Header};
use drm_core::prime::{self, DmaBuf};
use drm_core::sync::Arc;
use gem_uma::{New, Part, UmaObject};

use super::Objects;
use crate::foreign::Foreign;
use crate::resource::Resource;

/// An object for a foreign buffer: the GEM object, and the exporter's memory.
#[derive(UmaObject)]
#[uma(export = refuse(EINVAL))]
pub(crate) struct ImportObject {
    #[uma(gem)]
    pub(crate) gem: Header,
    #[uma(part)]
    pub(super) foreign: Foreign,
}

impl Objects {
    /// `virtgpu_gem_prime_import`.
    pub(super) fn prime_import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem> {
        if let Some(object) = crate::prime::own_object(dev, dma_buf) {
            return Ok(object);
        }
        let host = self.device.params();
        if !host.dynamic_import || !host.blob || host.virgl {
            return prime::import(dev, dma_buf, dev.dma());
        }
        let host = Resource::new(&self.device, false);
        let foreign = Foreign::new(dma_buf, &host).inspect_err(|_| host.put_id())?;
        let bo = New::private(dev, dma_buf.size()).create(|new| {
            new.resv_slot().choose(dma_buf.resv().clone());
            new.set_import_attach(Arc::clone(foreign.attach()));
            Ok(ImportObject {
                gem: new.into_gem(),
                foreign,
            })
        })?;
        bo.gem.free_mmap_offset();
        bo.foreign.init(&bo.gem)?;
        Ok(bo.into_dyn())
    }
}

/// A part of the driver's own: the device is attached as long as it exists.
impl Part for Foreign {
    /// `virtgpu_dma_buf_free_obj`.
    fn teardown(&self, _gone: &Gone) {
        self.release();
        let host = Arc::clone(self.host());
        if host.created() {
            self.host().unref(move || host.put_id());
        } else {
            host.put_id();
        }
    }
}

impl ImportObject {
    /// Whether an import is mapped.
    pub(crate) fn has_table(&self) -> bool {
        self.foreign.is_mapped()
    }
}

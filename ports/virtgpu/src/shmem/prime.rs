//! Import (`virtgpu_prime.c`): refused as of 6.12, or an object of a third kind as of 6.14, whose exporter may move its memory.

use drm_core::device::Device;
use drm_core::errno::Result;
use drm_core::gem::Gem;
use drm_core::prime::{self, DmaBuf};
use drm_core::sync::Arc;
use gem_shmem::legacy;

use super::Objects;
use super::object::{Funcs, VirtioGpuObject};
use crate::foreign::Foreign;
use crate::resource::Resource;

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
        let bo = legacy::create_private::<VirtioGpuObject>(dev, dma_buf.size())?;
        bo.funcs.get_or_init(|| Funcs::DmaBuf);
        bo.base.base.free_mmap_offset();
        bo.base.base.resv_slot().choose(dma_buf.resv().clone());
        let host = bo.host.get_or_init(|| Resource::new(&self.device, false));
        let attached = Foreign::new(dma_buf, host)?;
        let foreign = bo.foreign.get_or_init(|| attached);
        bo.base.base.set_import_attach(Arc::clone(foreign.attach()));
        foreign.init(&bo.base.base)?;
        Ok(bo.into_dyn())
    }
}

impl VirtioGpuObject {
    /// `virtgpu_dma_buf_free_obj`: the exporter gets its memory back at once. Nothing but the number waits for the host.
    pub(super) fn dma_buf_free(&self) {
        if let Some(foreign) = self.foreign.get() {
            foreign.release();
        }
        let Ok(host) = self.host().cloned() else {
            return;
        };
        if host.created() {
            host.clone().unref(move || host.put_id());
        } else {
            host.put_id();
        }
    }

    /// Whether an import is mapped.
    pub(crate) fn has_table(&self) -> bool {
        self.foreign.get().is_some_and(Foreign::is_mapped)
    }
}

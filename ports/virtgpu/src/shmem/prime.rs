//! Import (`virtgpu_prime.c`): refused as of 6.12, or an object of a third kind as of 6.14, whose exporter may move its memory.

use drm_core::device::Device;
use drm_core::errno::Result;
use drm_core::gem::{Gem, Gone, WeakGem};
use drm_core::prime::{self, Attachment, Direction, DmaBuf, Importer};
use drm_core::resv::ResvGuard;
use drm_core::sync::{Arc, OnceLock};
use gem_shmem::legacy;

use super::Objects;
use super::object::{Funcs, VirtioGpuObject, to_virtio_gpu_object};
use crate::resource::{ObjectParams, Resource};
use crate::uapi::{BLOB_FLAG_USE_SHAREABLE, BLOB_MEM_GUEST};

/// Who is told when the exporter moves the memory (`virtgpu_dma_buf_attach_ops`).
#[derive(Default)]
struct Moves {
    object: OnceLock<WeakGem>,
}

impl Importer for Moves {
    /// `virtgpu_dma_buf_move_notify`: the host loses the memory, and never gets it back.
    fn move_notify(&self, guard: &mut ResvGuard) {
        let object = self.object.get().and_then(WeakGem::upgrade);
        if let Some(bo) = object.and_then(|object| to_virtio_gpu_object(&object).ok()) {
            bo.dma_buf_unmap(guard);
        }
    }
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
        let bo = legacy::create_private::<VirtioGpuObject>(dev, dma_buf.size())?;
        bo.funcs.get_or_init(|| Funcs::DmaBuf);
        bo.base.base.free_mmap_offset();
        bo.base.base.resv_slot().choose(dma_buf.resv().clone());
        let moves = Arc::new(Moves::default());
        moves
            .object
            .get_or_init(|| bo.clone().into_dyn().downgrade());
        let attach = dma_buf.attach_dynamic(self.device.dma(), moves)?;
        bo.base.base.set_import_attach(Arc::clone(&attach));
        bo.host.get_or_init(|| Resource::new(&self.device, false));
        bo.dma_buf_init(&attach)?;
        Ok(bo.into_dyn())
    }
}

impl VirtioGpuObject {
    /// The host gets the exporter's memory; it is pinned only meanwhile (`virtgpu_dma_buf_init_obj`). Errors of the exporter; `ENOMEM`.
    fn dma_buf_init(&self, attach: &Attachment) -> Result {
        let host = self.host()?;
        let mut guard = self.base.base.resv().lock();
        attach.pin(&mut guard)?;
        let mapped = self.dma_buf_map(attach, &mut guard);
        attach.unpin(&mut guard);
        let entries = mapped?;
        let params = ObjectParams {
            size: self.base.base.size(),
            blob: true,
            blob_mem: BLOB_MEM_GUEST,
            blob_flags: BLOB_FLAG_USE_SHAREABLE,
            ..ObjectParams::default()
        };
        host.create_blob(&params, entries);
        host.set_guest_blob();
        Ok(())
    }

    /// `virtgpu_dma_buf_import_sgt`.
    fn dma_buf_map(
        &self,
        attach: &Attachment,
        guard: &mut ResvGuard,
    ) -> Result<Vec<drm_core::dma::Entry>> {
        let sgt = attach.map(guard, Direction::Bidirectional)?;
        let vgdev = self.host()?.vgdev();
        let entries = vgdev
            .mem_entries(&sgt)
            .inspect_err(|_| attach.unmap(guard, &sgt))?;
        *self.sgt.lock() = Some(sgt);
        Ok(entries)
    }

    /// The host lets go of the memory, and the exporter gets it back (`virtgpu_dma_buf_unmap`).
    fn dma_buf_unmap(&self, guard: &mut ResvGuard) {
        let Some(sgt) = self.sgt.lock().take() else {
            return;
        };
        if let Ok(host) = self.host() {
            host.detach_fenced();
        }
        if let Some(attach) = self.base.base.import_attach() {
            attach.unmap(guard, &sgt);
        }
    }

    /// `virtgpu_dma_buf_free_obj`.
    pub(super) fn dma_buf_free(&self, gone: &Gone) {
        if let Some(attach) = self.base.base.import_attach() {
            let mut guard = self.base.base.resv().lock();
            self.dma_buf_unmap(&mut guard);
            drop(guard);
            attach.detach();
        }
        self.free_object(gone);
    }
}

impl VirtioGpuObject {
    /// Whether an import is mapped.
    pub(crate) fn has_table(&self) -> bool {
        self.sgt.lock().is_some()
    }
}

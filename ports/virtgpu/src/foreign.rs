//! Memory of an exporter, as long as it stays where it is (`virtgpu_prime.c` as of 6.14). No memory library has to do with it.

use drm_core::dma::{Entry, SgTable};
use drm_core::errno::{Errno, Result};
use drm_core::gem::Header;
use drm_core::prime::{Attachment, Direction, DmaBuf, Importer};
use drm_core::resv::ResvGuard;
use drm_core::sync::{Arc, Mutex, OnceLock, Weak};

use crate::resource::{ObjectParams, Resource};
use crate::uapi::{BLOB_FLAG_USE_SHAREABLE, BLOB_MEM_GUEST};

/// What the exporter tells when it moves the memory (`virtgpu_dma_buf_attach_ops`).
struct Mapped {
    host: Arc<Resource>,
    attach: OnceLock<Weak<Attachment>>,
    sgt: Mutex<Option<Arc<SgTable>>>,
}

impl Importer for Mapped {
    /// `virtgpu_dma_buf_move_notify`: the host loses the memory, and never gets it back.
    fn move_notify(&self, guard: &mut ResvGuard) {
        self.unmap(guard);
    }
}

impl Mapped {
    fn attach(&self) -> Option<Arc<Attachment>> {
        self.attach.get().and_then(Weak::upgrade)
    }

    /// `virtgpu_dma_buf_import_sgt`.
    fn map(&self, guard: &mut ResvGuard) -> Result<Vec<Entry>> {
        let attach = self.attach().ok_or(Errno::ENODEV)?;
        let sgt = attach.map(guard, Direction::Bidirectional)?;
        let vgdev = self.host.vgdev();
        let entries = vgdev
            .mem_entries(&sgt)
            .inspect_err(|_| attach.unmap(guard, &sgt))?;
        *self.sgt.lock() = Some(sgt);
        Ok(entries)
    }

    /// The host lets go of the memory, and the exporter gets it back (`virtgpu_dma_buf_unmap`).
    fn unmap(&self, guard: &mut ResvGuard) {
        let Some(sgt) = self.sgt.lock().take() else {
            return;
        };
        self.host.detach_fenced();
        if let Some(attach) = self.attach() {
            attach.unmap(guard, &sgt);
        }
    }
}

/// An attachment that can be told of moves, and what the host has of it.
pub(crate) struct Foreign {
    mapped: Arc<Mapped>,
    attach: Arc<Attachment>,
}

impl Foreign {
    /// Attaches the device. Errors of the exporter.
    pub(crate) fn new(dma_buf: &DmaBuf, host: &Arc<Resource>) -> Result<Self> {
        let mapped = Arc::new(Mapped {
            host: Arc::clone(host),
            attach: OnceLock::new(),
            sgt: Mutex::default(),
        });
        let importer = Arc::clone(&mapped) as Arc<dyn Importer>;
        let attach = dma_buf.attach_dynamic(host.vgdev().dma(), importer)?;
        mapped.attach.get_or_init(|| Arc::downgrade(&attach));
        Ok(Self { mapped, attach })
    }

    pub(crate) fn host(&self) -> &Arc<Resource> {
        &self.mapped.host
    }

    pub(crate) fn attach(&self) -> &Arc<Attachment> {
        &self.attach
    }

    /// Whether the host has the memory.
    pub(crate) fn is_mapped(&self) -> bool {
        self.mapped.sgt.lock().is_some()
    }

    /// The host gets the exporter's memory; it is pinned only meanwhile (`virtgpu_dma_buf_init_obj`). Errors of the exporter; `ENOMEM`.
    pub(crate) fn init(&self, gem: &Header) -> Result {
        let mut guard = gem.resv().lock();
        self.attach.pin(&mut guard)?;
        let mapped = self.mapped.map(&mut guard);
        self.attach.unpin(&mut guard);
        let params = ObjectParams {
            size: gem.size(),
            blob: true,
            blob_mem: BLOB_MEM_GUEST,
            blob_flags: BLOB_FLAG_USE_SHAREABLE,
            ..ObjectParams::default()
        };
        self.host().create_blob(&params, mapped?);
        self.host().set_guest_blob();
        Ok(())
    }

    /// The exporter gets everything back (`virtgpu_dma_buf_free_obj`).
    pub(crate) fn release(&self) {
        let mut guard = self.attach.dma_buf().resv().lock();
        self.mapped.unmap(&mut guard);
        drop(guard);
        self.attach.detach();
    }
}

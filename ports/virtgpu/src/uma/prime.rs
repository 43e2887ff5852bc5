//! Import (`virtgpu_prime.c`): refused as of 6.12, or an object of a third kind as of 6.14, whose exporter may move its memory.

use drm_core::device::Device;
use drm_core::dma::{Entry, SgTable};
use drm_core::errno::{Errno, Result};
use drm_core::gem::{Gem, Gone, Header};
use drm_core::prime::{self, Attachment, Direction, DmaBuf, Importer};
use drm_core::resv::ResvGuard;
use drm_core::sync::{Arc, Mutex, OnceLock, Weak};
use gem_uma::{New, Part, UmaObject};

use super::Objects;
use crate::resource::{ObjectParams, Resource};
use crate::uapi::{BLOB_FLAG_USE_SHAREABLE, BLOB_MEM_GUEST};

/// An object for a foreign buffer: the GEM object, and the exporter's memory.
#[derive(UmaObject)]
#[uma(export = refuse(EINVAL))]
pub(crate) struct ImportObject {
    #[uma(gem)]
    pub(crate) gem: Header,
    #[uma(part)]
    pub(super) memory: ForeignMemory,
}

/// The memory of an exporter, as long as it stays where it is; the exporter tells this when it moves.
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

/// The exporter's memory: a part of the driver's own, for an attachment that can be told of moves.
///
/// # Invariants
///
/// The device is attached as long as this exists, and mapped as long as the host has the memory.
pub(super) struct ForeignMemory {
    mapped: Arc<Mapped>,
    attach: Arc<Attachment>,
}

impl ForeignMemory {
    /// Errors of the exporter.
    fn new(dma_buf: &DmaBuf, host: &Arc<Resource>) -> Result<Self> {
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

    pub(super) fn host(&self) -> &Arc<Resource> {
        &self.mapped.host
    }

    /// Whether the host has it.
    pub(crate) fn has_table(&self) -> bool {
        self.mapped.sgt.lock().is_some()
    }

    /// The host gets the exporter's memory; it is pinned only meanwhile (`virtgpu_dma_buf_init_obj`). Errors of the exporter; `ENOMEM`.
    fn init(&self, gem: &Header) -> Result {
        let mut guard = gem.resv().lock();
        self.attach.pin(&mut guard)?;
        let mapped = self.mapped.map(&mut guard);
        self.attach.unpin(&mut guard);
        let entries = mapped?;
        let params = ObjectParams {
            size: gem.size(),
            blob: true,
            blob_mem: BLOB_MEM_GUEST,
            blob_flags: BLOB_FLAG_USE_SHAREABLE,
            ..ObjectParams::default()
        };
        self.host().create_blob(&params, entries);
        self.host().set_guest_blob();
        Ok(())
    }
}

impl Part for ForeignMemory {
    /// `virtgpu_dma_buf_free_obj`.
    fn teardown(&self, _gone: &Gone) {
        let mut guard = self.attach.dma_buf().resv().lock();
        self.mapped.unmap(&mut guard);
        drop(guard);
        self.attach.detach();
        let host = Arc::clone(self.host());
        if host.created() {
            self.host().unref(move || host.put_id());
        } else {
            host.put_id();
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
        let host = Resource::new(&self.device, false);
        let memory = ForeignMemory::new(dma_buf, &host).inspect_err(|_| host.put_id())?;
        let bo = New::private(dev, dma_buf.size()).create(|new| {
            new.resv_slot().choose(dma_buf.resv().clone());
            new.set_import_attach(Arc::clone(&memory.attach));
            Ok(ImportObject {
                gem: new.into_gem(),
                memory,
            })
        })?;
        bo.gem.free_mmap_offset();
        bo.memory.init(&bo.gem)?;
        Ok(bo.into_dyn())
    }
}

impl ImportObject {
    /// Whether the host has the memory.
    pub(crate) fn has_table(&self) -> bool {
        self.memory.has_table()
    }
}

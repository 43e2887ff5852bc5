//! Memory that an object has of a table of CREATE_BO: of the process, or of a descriptor. A part of the driver's own.

use drm_core::device::Device;
use drm_core::dma::SgTable;
use drm_core::errno::Result;
use drm_core::gem::{Gone, IosysMap};
use drm_core::mmap::NewVma;
use drm_core::prime::{self, Attachment, Direction, DmaBuf};
use drm_core::resv::ResvGuard;
use drm_core::sync::Arc;
use drm_core::sync::atomic::{AtomicBool, Ordering};
use gem_uma::Part;

/// A buffer, attached and mapped, that the object alone has: unlike an import it cannot be had of the object again, so the core is not
/// told of it.
///
/// # Invariants
///
/// The attachment ends once: when the object dies, or when it never came to be one.
pub(super) struct Borrowed {
    attach: Arc<Attachment>,
    table: Arc<SgTable>,
    ended: AtomicBool,
}

impl Borrowed {
    /// Attaches the device and maps. The exporter's answer.
    pub(super) fn new(dev: &Device, dma_buf: &DmaBuf) -> Result<Self> {
        let attach = dma_buf.attach(dev.dma())?;
        let table = attach
            .map_unlocked(Direction::Bidirectional)
            .inspect_err(|_| attach.detach())?;
        Ok(Self {
            attach,
            table,
            ended: AtomicBool::new(false),
        })
    }

    /// The buffer.
    pub(super) fn dma_buf(&self) -> &DmaBuf {
        self.attach.dma_buf()
    }

    /// As the device sees it.
    pub(super) fn table(&self) -> &SgTable {
        &self.table
    }

    pub(super) fn vmap(&self, guard: &mut ResvGuard) -> Result<IosysMap> {
        self.dma_buf().vmap(guard)
    }

    pub(super) fn vunmap(&self, guard: &mut ResvGuard) {
        self.dma_buf().vunmap(guard);
    }

    /// Has the exporter map it, and touches every page.
    pub(super) fn mmap(&self, vma: &mut NewVma) -> Result {
        vma.set_object(None);
        self.dma_buf().mmap(vma, 0)?;
        vma.populate();
        Ok(())
    }

    fn end(&self) {
        if !self.ended.swap(true, Ordering::SeqCst) {
            prime::destroy(&self.attach, Some(&self.table));
        }
    }
}

impl Part for Borrowed {
    fn teardown(&self, _gone: &Gone) {
        self.end();
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        self.end();
    }
}

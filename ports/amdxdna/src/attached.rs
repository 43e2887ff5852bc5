//! A buffer that the driver attaches to by hand.

use drm_core::device::Device;
use drm_core::dma::SgTable;
use drm_core::errno::Result;
use drm_core::gem::IosysMap;
use drm_core::mmap::NewVma;
use drm_core::prime::{self, Attachment, Direction, DmaBuf};
use drm_core::resv::ResvGuard;
use drm_core::sync::Arc;
use drm_core::sync::atomic::{AtomicBool, Ordering};

/// A buffer, attached and mapped for the device.
///
/// # Invariants
///
/// The attachment ends once: when whoever has it says so, or when it is dropped.
pub(crate) struct Attached {
    attach: Arc<Attachment>,
    table: Arc<SgTable>,
    ended: AtomicBool,
}

impl Attached {
    /// Attaches the device and maps. The exporter's answer.
    pub(crate) fn new(dev: &Device, dma_buf: &DmaBuf) -> Result<Self> {
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

    pub(crate) fn attach(&self) -> &Arc<Attachment> {
        &self.attach
    }

    /// The buffer.
    pub(crate) fn dma_buf(&self) -> &DmaBuf {
        self.attach.dma_buf()
    }

    /// As the device sees it.
    pub(crate) fn table(&self) -> &Arc<SgTable> {
        &self.table
    }

    pub(crate) fn vmap(&self, guard: &mut ResvGuard) -> Result<IosysMap> {
        self.dma_buf().vmap(guard)
    }

    pub(crate) fn vunmap(&self, guard: &mut ResvGuard) {
        self.dma_buf().vunmap(guard);
    }

    /// Has the exporter map it, and touches every page.
    pub(crate) fn mmap(&self, vma: &mut NewVma) -> Result {
        vma.set_object(None);
        self.dma_buf().mmap(vma, 0)?;
        vma.populate();
        Ok(())
    }

    /// Unmaps and detaches.
    pub(crate) fn end(&self) {
        if !self.ended.swap(true, Ordering::SeqCst) {
            prime::destroy(&self.attach, Some(&self.table));
        }
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        self.end();
    }
}

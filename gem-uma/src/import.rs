//! Imports: an object that stands for a foreign buffer, as a type of its own.

use std::fmt;

use drm_core::device::Device;
use drm_core::dma::{DmaDevice, SgTable};
use drm_core::errno::Result;
use drm_core::gem::Gem;
use drm_core::prime::{self, Attachment, Direction, DmaBuf};
use drm_core::resv::ResvGuard;
use drm_core::sync::atomic::{AtomicBool, Ordering};
use drm_core::sync::{Arc, Mutex};

use crate::new::New;

#[derive(Debug)]
enum Mapped {
    /// Mapped when it was imported, until the end.
    Eager(Arc<SgTable>),
    /// Mapped when it is first wanted.
    Lazy(Option<Arc<SgTable>>),
}

/// A foreign buffer, attached; the ground that an imported object stands on.
///
/// Holding it tells you that the buffer is attached; not that it is mapped for the device, nor that its pages stay where
/// they are while it is not. It ends once: when the object is freed or, if it never came to be one, when this is dropped.
///
/// # Invariants
///
/// `ended` is set before the attachment is given back, so that is done once.
pub struct Import {
    attach: Arc<Attachment>,
    mapped: Mutex<Mapped>,
    ended: AtomicBool,
}

impl fmt::Debug for Import {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Import")
            .field("dma_buf", self.dma_buf())
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

impl Import {
    fn new(dma_buf: &DmaBuf, device: &DmaDevice, lazy: bool) -> Result<Self> {
        let attach = dma_buf.attach(device)?;
        let mapped = if lazy {
            Mapped::Lazy(None)
        } else {
            let table = attach
                .map_unlocked(Direction::Bidirectional)
                .inspect_err(|_| attach.detach())?;
            Mapped::Eager(table)
        };
        Ok(Self {
            attach,
            mapped: Mutex::new(mapped),
            ended: AtomicBool::new(false),
        })
    }

    /// The attachment.
    #[must_use]
    pub fn attach(&self) -> &Arc<Attachment> {
        &self.attach
    }

    /// The foreign buffer.
    #[must_use]
    pub fn dma_buf(&self) -> &DmaBuf {
        self.attach.dma_buf()
    }

    /// The exporter's table, mapped for the device. `guard` is of the exporter's reservation, which is the object's.
    ///
    /// The exporter's answer, if it was not mapped yet.
    pub(crate) fn map(&self, guard: &mut ResvGuard) -> Result<Arc<SgTable>> {
        let mut mapped = self.mapped.lock();
        match &mut *mapped {
            Mapped::Eager(table) | Mapped::Lazy(Some(table)) => Ok(Arc::clone(table)),
            Mapped::Lazy(slot) => {
                let table = self.attach.map(guard, Direction::Bidirectional)?;
                Ok(Arc::clone(slot.insert(table)))
            }
        }
    }

    /// Gives a table back that was mapped when first wanted; one that came with the import stays until the end.
    pub(crate) fn unmap(&self, guard: &mut ResvGuard) {
        if let Mapped::Lazy(slot) = &mut *self.mapped.lock()
            && let Some(table) = slot.take()
        {
            self.attach.unmap(guard, &table);
        }
    }

    /// Whether the exporter's table is mapped for the device.
    #[must_use]
    pub fn is_mapped(&self) -> bool {
        !matches!(&*self.mapped.lock(), Mapped::Lazy(None))
    }

    /// Unmaps and detaches, the first time. The exporter's reservation is not held.
    pub(crate) fn end(&self) {
        if self.ended.swap(true, Ordering::SeqCst) {
            return;
        }
        let table = match &mut *self.mapped.lock() {
            Mapped::Eager(table) => Some(Arc::clone(table)),
            Mapped::Lazy(slot) => slot.take(),
        };
        prime::destroy(&self.attach, table.as_ref());
    }
}

impl Drop for Import {
    fn drop(&mut self) {
        self.end();
    }
}

/// How a buffer is imported.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct ImportOptions {
    lazy: bool,
    self_import: bool,
}

impl Default for ImportOptions {
    /// Mapped for the device at once; a buffer of the same device is the object it was exported from.
    fn default() -> Self {
        Self {
            lazy: false,
            self_import: true,
        }
    }
}

impl ImportOptions {
    /// Whether the buffer is mapped for the device only when its table is first wanted.
    pub fn lazy(mut self, lazy: bool) -> Self {
        self.lazy = lazy;
        self
    }

    /// Whether a buffer that this very device exported is just its object; otherwise it becomes an import, too.
    pub fn self_import(mut self, self_import: bool) -> Self {
        self.self_import = self_import;
        self
    }
}

/// Imports `dma_buf` for `device` (a driver's whole `gem_prime_import`): attaches it, maps it, and lets `make` create the
/// object, which knows from its first moment that it is an import.
///
/// A buffer of this very device is just its object. Else the exporter's answers, then `make`'s; a failure ends the import.
pub fn import(
    dev: &Device,
    dma_buf: &DmaBuf,
    device: &DmaDevice,
    make: impl FnOnce(New) -> Result<Gem>,
) -> Result<Gem> {
    import_with(dev, dma_buf, device, ImportOptions::default(), make)
}

/// [`import`] with options.
pub fn import_with(
    dev: &Device,
    dma_buf: &DmaBuf,
    device: &DmaDevice,
    options: ImportOptions,
    make: impl FnOnce(New) -> Result<Gem>,
) -> Result<Gem> {
    if options.self_import
        && let Some(object) = prime::self_import(dev, dma_buf)
    {
        return Ok(object);
    }
    let import = Import::new(dma_buf, device, options.lazy)?;
    make(New::imported(dev, import))
}

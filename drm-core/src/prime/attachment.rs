//! A device attached to a dma-buf, and the table that is mapped for it.

use super::dma_buf::{Direction, DmaBuf};
use crate::dma::{DmaDevice, SgTable};
use crate::errno::{Errno, Result};
use crate::machine::Deadline;
use crate::resv::{ResvGuard, Usage};
use crate::sync::{Arc, Mutex};

/// An importer that can be told that a buffer moves (`struct dma_buf_attach_ops`).
pub trait Importer: Send + Sync {
    /// The exporter is about to move the buffer, and holds its reservation: whatever was mapped must be given up
    /// (`move_notify`).
    fn move_notify(&self, guard: &mut ResvGuard);
}

/// A device attached to a dma-buf (`struct dma_buf_attachment`).
///
/// Holding it tells you that the buffer exists; not that it is mapped for the device.
#[derive(Debug)]
pub struct Attachment {
    dma_buf: DmaBuf,
    device: DmaDevice,
    cached: Mutex<Option<(Direction, Arc<SgTable>)>>,
    /// Who is told of moves; `None` for an importer that cannot be.
    importer: Option<Arc<dyn Importer>>,
}

impl std::fmt::Debug for dyn Importer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Importer")
    }
}

impl Attachment {
    pub(super) fn new(
        dma_buf: &DmaBuf,
        device: &DmaDevice,
        importer: Option<Arc<dyn Importer>>,
    ) -> Self {
        Self {
            dma_buf: dma_buf.clone(),
            device: device.clone(),
            cached: Mutex::default(),
            importer,
        }
    }

    /// Who is told when the buffer moves.
    pub(super) fn importer(&self) -> Option<&Arc<dyn Importer>> {
        self.importer.as_ref()
    }

    /// Keeps the table until the device detaches, whoever maps: one side cannot be told of moves.
    pub(super) fn cache(&self, guard: &mut ResvGuard) -> Result {
        let direction = Direction::Bidirectional;
        let table = self.map(guard, direction)?;
        *self.cached.lock() = Some((direction, table));
        Ok(())
    }

    /// Keeps a buffer that could move where it is (`dma_buf_pin`). The exporter's answer.
    pub fn pin(&self, guard: &mut ResvGuard) -> Result {
        let ops = self.dma_buf.ops()?;
        ops.pin(self, guard)
    }

    /// Undoes one [`Attachment::pin`] (`dma_buf_unpin`).
    pub fn unpin(&self, guard: &mut ResvGuard) {
        if let Ok(ops) = self.dma_buf.ops() {
            ops.unpin(self, guard);
        }
    }

    /// The buffer.
    #[must_use]
    pub fn dma_buf(&self) -> &DmaBuf {
        &self.dma_buf
    }

    /// The device.
    #[must_use]
    pub fn device(&self) -> &DmaDevice {
        &self.device
    }

    /// A table of the pages, mapped for the device (`dma_buf_map_attachment`). `EBUSY` when another direction is cached.
    pub fn map(&self, guard: &mut ResvGuard, direction: Direction) -> Result<Arc<SgTable>> {
        if let Some((cached, table)) = &*self.cached.lock() {
            let fits = *cached == direction || *cached == Direction::Bidirectional;
            return if fits {
                Ok(Arc::clone(table))
            } else {
                Err(Errno::EBUSY)
            };
        }
        let ops = self.dma_buf.ops()?;
        let table = ops.map(self, guard, direction)?;
        // Who is never told of a move waits for those under way; others find none here, or wait themselves.
        let resv = self.dma_buf.resv();
        let moved = || resv.test_signaled(Usage::Kernel);
        self.dma_buf
            .machine()
            .wait_until(Deadline::Never, moved)
            .inspect_err(|_| ops.unmap(self, guard, &table))?;
        if ops.caches_mapping() {
            *self.cached.lock() = Some((direction, Arc::clone(&table)));
        }
        Ok(table)
    }

    /// The same, taking the reservation (`dma_buf_map_attachment_unlocked`).
    pub fn map_unlocked(&self, direction: Direction) -> Result<Arc<SgTable>> {
        let mut guard = self.dma_buf.resv().lock();
        self.map(&mut guard, direction)
    }

    /// Gives a table back (`dma_buf_unmap_attachment`); a cached one stays until the device detaches.
    pub fn unmap(&self, guard: &mut ResvGuard, table: &Arc<SgTable>) {
        if self.cached.lock().is_none()
            && let Ok(ops) = self.dma_buf.ops()
        {
            ops.unmap(self, guard, table);
        }
    }

    /// The same, taking the reservation (`dma_buf_unmap_attachment_unlocked`).
    pub fn unmap_unlocked(&self, table: &Arc<SgTable>) {
        let mut guard = self.dma_buf.resv().lock();
        self.unmap(&mut guard, table);
    }

    /// Detaches the device (`dma_buf_detach`). No reservation may be held.
    pub fn detach(&self) {
        let Ok(ops) = self.dma_buf.ops() else { return };
        if let Some((_, table)) = self.cached.lock().take() {
            let mut guard = self.dma_buf.resv().lock();
            ops.unmap(self, &mut guard, &table);
        }
        self.dma_buf.forget_attached(&self.device);
        ops.detach(self);
    }
}

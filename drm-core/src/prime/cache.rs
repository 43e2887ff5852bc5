//! The PRIME cache of a file: which dma-buf is which handle. Each entry holds a dma-buf reference.

use super::dma_buf::DmaBuf;

/// Pairs of dma-buf and handle, one per pair (`struct drm_prime_file_private`).
#[derive(Debug, Default)]
pub struct Cache(Vec<(DmaBuf, u32)>);

impl Cache {
    /// Remembers a pair (`drm_prime_add_buf_handle`).
    pub(super) fn add(&mut self, dma_buf: &DmaBuf, handle: u32) {
        self.0.push((dma_buf.clone(), handle));
    }

    /// The handle of a dma-buf.
    pub(super) fn handle_of(&self, dma_buf: &DmaBuf) -> Option<u32> {
        self.0
            .iter()
            .find(|(known, _)| known.is(dma_buf))
            .map(|(_, handle)| *handle)
    }

    /// The dma-buf of a handle.
    pub(super) fn dma_buf_of(&self, handle: u32) -> Option<DmaBuf> {
        self.0
            .iter()
            .find(|(_, known)| *known == handle)
            .map(|(dma_buf, _)| dma_buf.clone())
    }

    /// Forgets a handle; the caller drops the reference, without the cache's lock.
    pub(crate) fn remove_handle(&mut self, handle: u32) -> Option<DmaBuf> {
        let at = self.0.iter().position(|(_, known)| *known == handle)?;
        Some(self.0.remove(at).0)
    }

    /// Whether nothing is remembered.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

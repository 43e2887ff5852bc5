//! Folios and the pages in them. A page is counted: it goes back to the allocator when its last holder drops it.

use crate::PAGE_SIZE;
use crate::errno::Result;
use crate::memory::frames::{Frames, Gfp};
use crate::sync::{Arc, Weak};

/// `1 << order` frames that follow each other, aligned to their size; zero when handed out.
#[derive(Debug)]
pub struct Folio {
    phys: u64,
    order: u8,
    frames: Weak<Frames>,
}

impl Folio {
    pub(super) fn new(phys: u64, order: u8, frames: Weak<Frames>) -> Self {
        Self {
            phys,
            order,
            frames,
        }
    }

    /// Physical address of the first byte.
    #[must_use]
    pub fn phys(&self) -> u64 {
        self.phys
    }

    /// `log2` of the number of pages.
    #[must_use]
    pub fn order(&self) -> u8 {
        self.order
    }

    /// Number of pages.
    #[must_use]
    pub fn pages(&self) -> usize {
        1 << self.order
    }
}

impl Drop for Folio {
    fn drop(&mut self) {
        if let Some(frames) = self.frames.upgrade() {
            frames.release(self.phys, self.order);
        }
    }
}

/// One page of a folio. A clone is one more page reference (`get_page`), a drop is `put_page`.
///
/// Holding it tells you that the frame is yours to read; not that any file or device still uses it.
#[derive(Clone, Debug)]
pub struct Page {
    folio: Arc<Folio>,
    index: u16,
}

impl Page {
    /// Page `index` of `folio`.
    #[must_use]
    pub fn of(folio: &Arc<Folio>, index: u16) -> Self {
        debug_assert!(usize::from(index) < folio.pages());
        Self {
            folio: Arc::clone(folio),
            index,
        }
    }

    /// One zeroed page. `ENOMEM` when no frame is free and reclaim finds none.
    pub fn alloc(frames: &Arc<Frames>, gfp: Gfp) -> Result<Self> {
        Ok(Self {
            folio: Arc::new(frames.alloc(0, gfp)?),
            index: 0,
        })
    }

    /// Physical address.
    #[must_use]
    pub fn phys(&self) -> u64 {
        self.folio.phys() + u64::from(self.index) * PAGE_SIZE
    }

    /// The folio that the page belongs to.
    #[must_use]
    pub fn folio(&self) -> &Arc<Folio> {
        &self.folio
    }

    /// Position in the folio.
    #[must_use]
    pub fn index_in_folio(&self) -> usize {
        usize::from(self.index)
    }

    /// Holders of the folio, over all its pages.
    #[must_use]
    pub fn folio_refs(&self) -> usize {
        Arc::strong_count(&self.folio)
    }
}

impl PartialEq for Page {
    fn eq(&self, other: &Self) -> bool {
        self.phys() == other.phys()
    }
}

impl Eq for Page {}

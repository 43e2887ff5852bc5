//! Pages that are lent: to be read, for as long as a guard lives.

use atomic_refcell::AtomicRef;
use drm_core::PAGE_SIZE;
use drm_core::memory::Page;

/// Pages of an object, in order, read-only.
///
/// Holding it tells you that the reservation is held, so nobody takes them away; not that they stay once it is dropped.
#[derive(Debug)]
pub struct Pages<'g>(AtomicRef<'g, [Page]>);

impl<'g> Pages<'g> {
    pub(crate) fn new(pages: AtomicRef<'g, [Page]>) -> Self {
        Self(pages)
    }

    /// Pages lent.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0.len() as u64
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Physical address of page `index`; `None` beyond the last.
    #[must_use]
    pub fn phys(&self, index: u64) -> Option<u64> {
        self.0.get(usize::try_from(index).ok()?).map(Page::phys)
    }

    /// Physical addresses, in order.
    pub fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        self.0.iter().map(Page::phys)
    }

    /// Bytes around page `index` that lie in one folio, and so follow each other in RAM.
    #[must_use]
    pub fn folio_bytes(&self, index: u64) -> Option<u64> {
        let page = self.0.get(usize::try_from(index).ok()?)?;
        Some(page.folio().pages() as u64 * PAGE_SIZE)
    }

    pub(crate) fn as_slice(&self) -> &[Page] {
        &self.0
    }
}

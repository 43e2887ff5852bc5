//! The fields that the reservation lock protects, and the flags that nothing protects.

use drm_core::dma::SgTable;
use drm_core::memory::{KernelMap, Page};
use drm_core::sync::Arc;
use drm_core::sync::atomic::{AtomicBool, Ordering};

/// What the helper keeps under the object's reservation lock.
///
/// # Invariants
///
/// Meant to hold, and broken by drivers: `pages` is set exactly while `pages_use_count > 0`, and then has every page;
/// `sgt` holds one use; `vaddr` is set exactly while `vmap_use_count > 0`, which holds one use.
#[derive(Debug, Default)]
pub struct Fields {
    /// One entry per 4 KiB page; `None` while nobody uses the pages. Nothing but a driver leaves an entry empty.
    #[cfg_attr(feature = "locate", deprecated(note = "F03"))]
    pub pages: Option<Vec<Option<Page>>>,
    /// Users of `pages`.
    #[cfg_attr(feature = "locate", deprecated(note = "F04"))]
    pub pages_use_count: u32,
    /// Own object: the DMA-mapped table, made once and kept. Import: the exporter's table.
    #[cfg_attr(feature = "locate", deprecated(note = "F05"))]
    pub sgt: Option<Arc<SgTable>>,
    /// 0 in use; above 0 may be purged; below 0 purged.
    #[cfg_attr(feature = "locate", deprecated(note = "F06"))]
    pub madv: i32,
    /// The kernel mapping.
    #[cfg_attr(feature = "locate", deprecated(note = "F08"))]
    pub vaddr: Option<KernelMap>,
    /// Users of `vaddr`.
    #[cfg_attr(feature = "locate", deprecated(note = "F09"))]
    pub vmap_use_count: u32,
}

/// A one-bit field that no lock protects.
#[derive(Debug, Default)]
pub struct Flag(AtomicBool);

impl Flag {
    /// Its value.
    #[must_use]
    pub fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Changes it.
    pub fn set(&self, value: bool) {
        self.0.store(value, Ordering::Relaxed);
    }
}

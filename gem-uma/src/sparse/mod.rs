//! Pages in granules: an object that grows where it is touched.

mod device_map;
mod options;
mod vmap;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use atomic_refcell::AtomicRef;
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gone;
use drm_core::machine::{Fail, Machine, ShmemFile};
use drm_core::memory::{Gfp, Page};
use drm_core::resv::{LockedBy, ResvGuard};
use drm_core::sync::Arc;
use drm_core::sync::atomic::{AtomicU64, Ordering};

pub use device_map::{GranuleMap, GranuleTable};
pub use options::SparseOptions;
pub use vmap::RangeMap;

use crate::backing::Pages;
use crate::new::New;
use crate::part::Part;

/// The pages of an object that is filled by range.
///
/// Having one tells you that any granule can be filled, without the others; not that it is. Granules are only added, until
/// the object dies.
///
/// # Invariants
///
/// A granule is present with all its pages, or absent. The last one ends with the object. `resident` counts the pages of the
/// granules that are present.
pub struct SparseBacking {
    machine: Machine,
    file: Arc<ShmemFile>,
    granule: u64,
    count: u64,
    dirty: bool,
    granules: LockedBy<BTreeMap<u64, Box<[Page]>>>,
    resident: AtomicU64,
}

impl fmt::Debug for SparseBacking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SparseBacking")
            .field("pages", &self.count)
            .field("granule", &self.granule)
            .field("resident", &self.resident_pages())
            .finish_non_exhaustive()
    }
}

impl SparseBacking {
    /// The empty backing of a native object. `EINVAL` for one without a file: an import, or a private object.
    pub fn new(new: &New, options: SparseOptions) -> Result<Self> {
        let file = new.filp().ok_or(Errno::EINVAL)?;
        file.set_gfp(options.gfp);
        Ok(Self {
            machine: new.machine().clone(),
            file: Arc::clone(file),
            granule: options.granule,
            count: new.pages(),
            dirty: options.dirty,
            granules: LockedBy::new(new.resv_slot(), BTreeMap::new()),
            resident: AtomicU64::new(0),
        })
    }

    pub(crate) fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Pages in a granule; a power of two.
    #[must_use]
    pub fn granule_pages(&self) -> u64 {
        self.granule
    }

    /// The granule that page `index` lies in.
    #[must_use]
    pub fn granule_of(&self, index: u64) -> u64 {
        index / self.granule
    }

    /// The pages of granule `n`; the last one may be shorter, one beyond the object is empty.
    #[must_use]
    pub fn range_of(&self, n: u64) -> Range<u64> {
        let first = n.saturating_mul(self.granule).min(self.count);
        first..(first + self.granule).min(self.count)
    }

    /// Pages present, in all granules. Without the reservation the answer may be old.
    #[must_use]
    pub fn resident_pages(&self) -> u64 {
        self.resident.load(Ordering::SeqCst)
    }

    /// Whether granule `n` is present.
    #[must_use]
    pub fn is_present(&self, guard: &ResvGuard, n: u64) -> bool {
        self.granules.get(guard).contains_key(&n)
    }

    /// The pages of granule `n`, if it is present, read-only for as long as the guard lives.
    #[must_use]
    pub fn granule<'g>(&'g self, guard: &'g ResvGuard, n: u64) -> Option<Pages<'g>> {
        let granules = self.granules.get(guard);
        AtomicRef::filter_map(granules, |granules| granules.get(&n).map(AsRef::as_ref))
            .map(Pages::new)
    }

    /// Fills every granule that has a page of `pages`; those that are present stay as they are. How many were added.
    ///
    /// `gfp` says what the allocation may do: with [`Gfp::NOWAIT`] it never waits for reclaim. `EINVAL` for pages beyond the
    /// object; `ENOMEM`, `ENOSPC`, `EIO` of the file. A failure takes back every granule that this call added.
    pub fn populate(&self, guard: &mut ResvGuard, pages: Range<u64>, gfp: Gfp) -> Result<u64> {
        let wanted = self.granules_of(&pages)?;
        let absent: Vec<u64> = {
            let granules = self.granules.get(guard);
            wanted.filter(|n| !granules.contains_key(n)).collect()
        };
        let mut added = Vec::with_capacity(absent.len());
        for n in absent {
            match self.read(n, gfp) {
                Ok(pages) => added.push((n, pages)),
                Err(error) => {
                    let holds = !self.granules.get(guard).is_empty();
                    drop(added);
                    self.file.set_unevictable(holds);
                    return Err(error);
                }
            }
        }
        let count = added.len() as u64;
        let fresh: u64 = added.iter().map(|(_, pages)| pages.len() as u64).sum();
        self.granules.get_mut(guard).extend(added);
        self.resident.fetch_add(fresh, Ordering::SeqCst);
        Ok(count)
    }

    /// The granules that have a page of `pages`. `EINVAL` for none, and for pages beyond the object.
    fn granules_of(&self, pages: &Range<u64>) -> Result<Range<u64>> {
        if pages.start >= pages.end || pages.end > self.count {
            return Err(Errno::EINVAL);
        }
        Ok(self.granule_of(pages.start)..self.granule_of(pages.end - 1) + 1)
    }

    fn read(&self, n: u64, gfp: Gfp) -> Result<Box<[Page]>> {
        self.machine.failpoints().check(Fail::Alloc)?;
        self.file.set_unevictable(true);
        let zone = self.file.gfp() & Gfp::DMA32;
        self.range_of(n)
            .map(|index| self.file.read_page_gfp(index, gfp | zone))
            .collect()
    }

    /// Takes back a granule that the caller just added, and that nobody has seen.
    fn take_back(&self, guard: &mut ResvGuard, n: u64) {
        let mut granules = self.granules.get_mut(guard);
        if let Some(pages) = granules.remove(&n) {
            self.resident
                .fetch_sub(pages.len() as u64, Ordering::SeqCst);
        }
        self.file.set_unevictable(!granules.is_empty());
    }
}

impl Part for SparseBacking {
    fn teardown(&self, gone: &Gone) {
        let granules = std::mem::take(&mut *self.granules.get_gone(gone));
        self.resident.store(0, Ordering::SeqCst);
        for n in granules.keys().filter(|_| self.dirty) {
            self.range_of(*n)
                .for_each(|index| self.file.mark_dirty(index));
        }
        drop(granules);
        self.file.set_unevictable(false);
    }

    fn print_info(&self, out: &mut dyn fmt::Write, indent: usize) -> fmt::Result {
        let tabs = "\t".repeat(indent);
        writeln!(
            out,
            "{tabs}resident_pages={}/{}",
            self.resident_pages(),
            self.count
        )
    }
}

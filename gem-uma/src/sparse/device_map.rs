//! Scatter tables mapped for the device, one per granule.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use atomic_refcell::AtomicRef;
use drm_core::PAGE_SIZE;
use drm_core::dma::{DmaDevice, SgTable};
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gone;
use drm_core::memory::Gfp;
use drm_core::resv::{LockedBy, ResvGuard};

use super::SparseBacking;
use crate::new::New;
use crate::part::Part;

/// The tables through which the device sees the granules.
///
/// # Invariants
///
/// A granule has a table only while it is present. A table, once there, stays until the object dies: device addresses of old
/// granules do not change when new ones come.
pub struct GranuleMap {
    dma: DmaDevice,
    tables: LockedBy<BTreeMap<u64, SgTable>>,
}

impl fmt::Debug for GranuleMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GranuleMap").finish_non_exhaustive()
    }
}

/// The table of one granule, lent for as long as a guard lives.
pub type GranuleTable<'g> = AtomicRef<'g, SgTable>;

impl GranuleMap {
    /// The map of an object for its device's DMA; nothing is mapped yet.
    #[must_use]
    pub fn new(new: &New) -> Self {
        Self {
            dma: new.dev().dma().clone(),
            tables: LockedBy::new(new.resv_slot(), BTreeMap::new()),
        }
    }

    /// The table of granule `n`; the granule is filled, and mapped for the device, if it is not yet.
    ///
    /// Errors of [`SparseBacking::populate`]; `ENOMEM`; `EIO` of the DMA mapping. A failure leaves the granule as it was:
    /// present or absent.
    pub fn table<'g>(
        &'g self,
        guard: &'g mut ResvGuard,
        backing: &SparseBacking,
        n: u64,
        gfp: Gfp,
    ) -> Result<GranuleTable<'g>> {
        if !self.is_mapped(guard, n) {
            let added = backing.populate(guard, backing.range_of(n), gfp)?;
            match self.map(guard, backing, n) {
                Ok(table) => {
                    self.tables.get_mut(guard).insert(n, table);
                }
                Err(error) => {
                    if added > 0 {
                        backing.take_back(guard, n);
                    }
                    return Err(error);
                }
            }
        }
        self.existing(guard, n).ok_or(Errno::EINVAL)
    }

    /// Fills and maps every granule that has a page of `pages`; those that are mapped stay as they are.
    ///
    /// Errors of [`SparseBacking::populate`]; `ENOMEM`; `EIO` of the DMA mapping. A failure unmaps, and takes back, every granule
    /// that this call added.
    pub fn map_range(
        &self,
        guard: &mut ResvGuard,
        backing: &SparseBacking,
        pages: Range<u64>,
        gfp: Gfp,
    ) -> Result {
        let wanted = backing.granules_of(&pages)?;
        let absent: Vec<u64> = wanted
            .clone()
            .filter(|n| !backing.is_present(guard, *n))
            .collect();
        backing.populate(guard, pages, gfp)?;
        let fresh: Vec<u64> = wanted.filter(|n| !self.is_mapped(guard, *n)).collect();
        let mut made = Vec::with_capacity(fresh.len());
        for n in fresh {
            match self.map(guard, backing, n) {
                Ok(table) => made.push((n, table)),
                Err(error) => {
                    made.iter().for_each(|(_, table)| table.unmap());
                    absent.into_iter().for_each(|n| backing.take_back(guard, n));
                    return Err(error);
                }
            }
        }
        self.tables.get_mut(guard).extend(made);
        Ok(())
    }

    fn map(&self, guard: &ResvGuard, backing: &SparseBacking, n: u64) -> Result<SgTable> {
        let pages = backing.granule(guard, n).ok_or(Errno::EINVAL)?;
        let granule = backing.granule_pages() * PAGE_SIZE;
        let segment = self.dma.max_segment().min(granule);
        let table = SgTable::from_pages(backing.machine(), pages.as_slice(), segment)?;
        table.map(&self.dma)?;
        Ok(table)
    }

    /// Whether granule `n` is mapped for the device.
    #[must_use]
    pub fn is_mapped(&self, guard: &ResvGuard, n: u64) -> bool {
        self.tables.get(guard).contains_key(&n)
    }

    /// The table of granule `n`, if it is mapped.
    #[must_use]
    pub fn existing<'g>(&'g self, guard: &'g ResvGuard, n: u64) -> Option<GranuleTable<'g>> {
        AtomicRef::filter_map(self.tables.get(guard), |tables| tables.get(&n))
    }

    /// The granules that are mapped, in order.
    #[must_use]
    pub fn mapped(&self, guard: &ResvGuard) -> Vec<u64> {
        self.tables.get(guard).keys().copied().collect()
    }
}

impl Part for GranuleMap {
    fn teardown(&self, gone: &Gone) {
        let tables = std::mem::take(&mut *self.tables.get_gone(gone));
        tables.values().for_each(SgTable::unmap);
    }
}

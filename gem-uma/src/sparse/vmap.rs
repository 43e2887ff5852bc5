//! A part of the object, mapped for the kernel while it is looked at.

use std::marker::PhantomData;
use std::ops::{Deref, Range};

use drm_core::errno::{Errno, Result};
use drm_core::machine::Fail;
use drm_core::memory::{KernelMap, Page};
use drm_core::resv::ResvGuard;

use super::SparseBacking;

/// Pages of an object, mapped for the kernel until this is dropped.
///
/// Holding it tells you that the pages are there: granules are only added. It keeps nobody from writing them.
#[derive(Debug)]
#[must_use = "the mapping ends when this is dropped"]
pub struct RangeMap<'a> {
    map: KernelMap,
    of: PhantomData<&'a SparseBacking>,
}

impl Deref for RangeMap<'_> {
    type Target = KernelMap;
    fn deref(&self) -> &KernelMap {
        &self.map
    }
}

impl Drop for RangeMap<'_> {
    fn drop(&mut self) {
        self.map.unmap();
    }
}

impl SparseBacking {
    /// Maps a range of pages for the kernel. `EINVAL` when a granule of it is absent, or it is empty; `ENOMEM` without room.
    pub fn vmap(&self, guard: &ResvGuard, pages: Range<u64>) -> Result<RangeMap<'_>> {
        if pages.is_empty() || pages.end > self.count {
            return Err(Errno::EINVAL);
        }
        self.machine.failpoints().check(Fail::Vmap)?;
        let granules = self.granules.get(guard);
        let page = |index: u64| -> Option<Page> {
            let granule = granules.get(&self.granule_of(index))?;
            granule.get((index % self.granule) as usize).cloned()
        };
        let found: Option<Vec<Page>> = pages.map(page).collect();
        let map = KernelMap::new(self.machine.ram(), &found.ok_or(Errno::EINVAL)?)?;
        Ok(RangeMap {
            map,
            of: PhantomData,
        })
    }
}

//! Shmem files: the owner of an object's pages, in RAM or in swap.

use std::collections::BTreeMap;

use super::{Fail, Machine};
use crate::errno::{Errno, Result};
use crate::memory::{Folio, Gfp, MAX_ORDER, Page};
use crate::sync::{Arc, Mutex, Weak};
use crate::{PAGE_SHIFT, PAGE_SIZE};

/// Strict overcommit: how many more pages shmem files may get before a read fails with `ENOSPC`.
#[derive(Debug, Default)]
pub(super) struct Commit(Mutex<Option<u64>>);

impl Machine {
    /// Lets shmem files get `pages` more pages, then answers `ENOSPC` (`None` lifts the limit), as a small
    /// `vm.overcommit_kbytes` does.
    pub fn limit_commit(&self, pages: Option<u64>) {
        *self.shmem.0.lock() = pages;
    }

    fn commit(&self, pages: u64) -> Result {
        match &mut *self.shmem.0.lock() {
            None => Ok(()),
            Some(left) if *left >= pages => {
                *left -= pages;
                Ok(())
            }
            Some(_) => Err(Errno::ENOSPC),
        }
    }

    fn uncommit(&self, pages: u64) {
        if let Some(left) = &mut *self.shmem.0.lock() {
            *left += pages;
        }
    }
}

#[derive(Debug)]
enum Slot {
    Resident { page: Page, dirty: bool },
    Swapped(usize),
}

#[derive(Debug)]
struct State {
    pages: BTreeMap<u64, Slot>,
    gfp: Gfp,
    huge: bool,
    unevictable: bool,
    registered: bool,
}

/// An unlinked tmpfs file without up-front accounting (`shmem_file_setup(VM_NORESERVE)`).
///
/// # Invariants
///
/// Every page of the file lies below `size`; a page is either resident or in exactly one swap slot.
#[derive(Debug)]
pub struct ShmemFile {
    machine: Machine,
    size: u64,
    this: Weak<ShmemFile>,
    state: Mutex<State>,
}

impl ShmemFile {
    /// A file of `size` bytes, without pages. `EINVAL` for a size beyond what a file can have, `ENOMEM`.
    pub fn new(machine: &Machine, size: u64) -> Result<Arc<Self>> {
        if i64::try_from(size).is_err() {
            return Err(Errno::EINVAL);
        }
        machine.failpoints().check(Fail::Alloc)?;
        let state = State {
            pages: BTreeMap::new(),
            gfp: Gfp::KERNEL,
            huge: machine.config().huge_pages,
            unevictable: false,
            registered: false,
        };
        Ok(Arc::new_cyclic(|this| Self {
            machine: machine.clone(),
            size,
            this: this.clone(),
            state: Mutex::new(state),
        }))
    }

    /// Bytes; whole pages.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The machine whose memory it uses.
    #[must_use]
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// The allocation mask of the mapping (`mapping_set_gfp_mask`).
    pub fn set_gfp(&self, gfp: Gfp) {
        self.state.lock().gfp = gfp;
    }

    /// The allocation mask of the mapping (`mapping_gfp_mask`).
    #[must_use]
    pub fn gfp(&self) -> Gfp {
        self.state.lock().gfp
    }

    /// Whether fresh pages come in 2 MiB folios where a whole one fits; only where the machine has them (the mount option `huge`).
    pub fn set_huge(&self, huge: bool) {
        self.state.lock().huge = huge && self.machine.config().huge_pages;
    }

    /// Keeps the pages from being swapped out, or no longer (`mapping_set_unevictable`).
    pub fn set_unevictable(&self, unevictable: bool) {
        self.state.lock().unevictable = unevictable;
    }

    /// Resident pages (`mapping->nrpages`).
    #[must_use]
    pub fn nr_resident(&self) -> u64 {
        self.count(|slot| matches!(slot, Slot::Resident { .. }))
    }

    /// Pages in swap.
    #[must_use]
    pub fn nr_swapped(&self) -> u64 {
        self.count(|slot| matches!(slot, Slot::Swapped(_)))
    }

    fn count(&self, which: impl Fn(&Slot) -> bool) -> u64 {
        self.state
            .lock()
            .pages
            .values()
            .filter(|slot| which(slot))
            .count() as u64
    }

    /// The page at `index`, with the file's own mask: see [`ShmemFile::read_page_gfp`].
    pub fn read_page(&self, index: u64) -> Result<Page> {
        self.read_page_gfp(index, self.gfp())
    }

    /// The page at `index`: the one it has, read back from swap, or a fresh zeroed one
    /// (`shmem_read_mapping_page_gfp`). The caller gets a page reference.
    ///
    /// `EINVAL` beyond the file, `ENOSPC` at the commit limit, `ENOMEM`, `EIO` when swap cannot be read. A failed call
    /// leaves the file as it was.
    pub fn read_page_gfp(&self, index: u64, gfp: Gfp) -> Result<Page> {
        if index >= self.size >> PAGE_SHIFT {
            return Err(Errno::EINVAL);
        }
        let swapped = match self.state.lock().pages.get(&index) {
            Some(Slot::Resident { page, .. }) => return Ok(page.clone()),
            Some(Slot::Swapped(_)) => true,
            None => false,
        };
        // The allocation may call reclaim, which looks at this very file: the state is not locked meanwhile.
        if swapped {
            self.machine.failpoints().check(Fail::SwapIn)?;
            let page = Page::alloc(self.machine.frames(), gfp)?;
            self.install_swapped(index, page)
        } else {
            self.machine.commit(1)?;
            let fresh = self
                .fresh(index, gfp)
                .inspect_err(|_| self.machine.uncommit(1))?;
            self.install_fresh(index, &fresh)
        }
    }

    fn fresh(&self, index: u64, gfp: Gfp) -> Result<Arc<Folio>> {
        let first = index & !((1 << MAX_ORDER) - 1);
        let fits = (first + (1 << MAX_ORDER)) << PAGE_SHIFT <= self.size;
        if fits && self.takes_huge(first) {
            // A huge folio is a bonus: it is not worth reclaim.
            if let Ok(folio) = self
                .machine
                .frames()
                .alloc(MAX_ORDER, gfp - Gfp::DIRECT_RECLAIM)
            {
                return Ok(Arc::new(folio));
            }
        }
        Ok(Arc::new(self.machine.frames().alloc(0, gfp)?))
    }

    /// Whether the 2 MiB from page `first` on are a hole, and huge folios are wanted.
    fn takes_huge(&self, first: u64) -> bool {
        let state = self.state.lock();
        let mut there = state.pages.range(first..first + (1 << MAX_ORDER));
        state.huge && there.next().is_none()
    }

    fn install_fresh(&self, index: u64, folio: &Arc<Folio>) -> Result<Page> {
        let mut state = self.state.lock();
        let first = index & !(folio.pages() as u64 - 1);
        for i in 0..folio.pages() {
            let slot = Slot::Resident {
                page: Page::of(folio, i as u16),
                dirty: false,
            };
            // Somebody may have been faster; a page that is there stays.
            state.pages.entry(first + i as u64).or_insert(slot);
        }
        self.register(&mut state);
        match state.pages.get(&index) {
            Some(Slot::Resident { page, .. }) => Ok(page.clone()),
            _ => Err(Errno::EAGAIN),
        }
    }

    fn install_swapped(&self, index: u64, page: Page) -> Result<Page> {
        let mut state = self.state.lock();
        match state.pages.get(&index) {
            Some(Slot::Swapped(slot)) => {
                self.machine
                    .swap
                    .read(*slot, self.machine.ram(), page.phys());
                self.machine.counters().swapped_in.add(1);
                state.pages.insert(
                    index,
                    Slot::Resident {
                        page: page.clone(),
                        dirty: true,
                    },
                );
                Ok(page)
            }
            Some(Slot::Resident { page, .. }) => Ok(page.clone()),
            // Truncated meanwhile: the page reads as zeros.
            None => {
                state.pages.insert(
                    index,
                    Slot::Resident {
                        page: page.clone(),
                        dirty: false,
                    },
                );
                Ok(page)
            }
        }
    }

    fn register(&self, state: &mut State) {
        if !state.registered {
            state.registered = true;
            self.machine.reclaim.add_file(self.this.clone());
        }
    }

    /// Marks the page at `index` as changed (`set_page_dirty`).
    pub fn mark_dirty(&self, index: u64) {
        if let Some(Slot::Resident { dirty, .. }) = self.state.lock().pages.get_mut(&index) {
            *dirty = true;
        }
    }

    /// Throws every page away (`shmem_truncate_range` over the whole file). Whoever holds a page keeps it.
    pub fn truncate(&self) {
        let pages = std::mem::take(&mut self.state.lock().pages);
        self.machine.uncommit(pages.len() as u64);
        for slot in pages.into_values() {
            if let Slot::Swapped(slot) = slot {
                self.machine.swap.discard(slot);
            }
        }
    }

    /// Writes about `limit` pages to swap, whole folios that nobody else holds. Returns the frames freed.
    pub fn swap_out(&self, limit: u64) -> u64 {
        // Reclaim may be running on behalf of an allocation for this very file.
        let Some(mut state) = self.state.try_lock() else {
            return 0;
        };
        if state.unevictable {
            return 0;
        }
        let (mut freed, mut next) = (0, 0);
        while freed < limit {
            let Some((folio, first)) = state.resident_folio(next) else {
                break;
            };
            let pages = folio.pages() as u64;
            next = first + pages;
            let listed = state.listed(first, pages);
            // One reference for each page that the file lists, and `folio` itself.
            if Arc::strong_count(&folio) > listed + 1 {
                continue;
            }
            if self.machine.swap.free() < listed as u64 {
                break;
            }
            self.write_folio(&mut state, first, pages);
            freed += pages;
        }
        freed
    }

    fn write_folio(&self, state: &mut State, first: u64, pages: u64) {
        for index in first..first + pages {
            let Some(Slot::Resident { page, dirty }) = state.pages.get(&index) else {
                continue;
            };
            let lost = self.machine.config().lose_clean_pages && !dirty;
            let slot = if lost {
                None
            } else {
                self.machine.swap.write(self.machine.ram(), page.phys())
            };
            match slot {
                Some(slot) => {
                    state.pages.insert(index, Slot::Swapped(slot));
                    self.machine.counters().swapped_out.add(1);
                }
                None => {
                    state.pages.remove(&index);
                    self.machine.uncommit(1);
                }
            }
        }
    }
}

impl State {
    /// The first resident folio with a page at or after `from`, and the index of its first page.
    fn resident_folio(&self, from: u64) -> Option<(Arc<Folio>, u64)> {
        self.pages
            .range(from..)
            .find_map(|(index, slot)| match slot {
                Slot::Resident { page, .. } => Some((
                    Arc::clone(page.folio()),
                    index - page.index_in_folio() as u64,
                )),
                Slot::Swapped(_) => None,
            })
    }

    fn listed(&self, first: u64, pages: u64) -> usize {
        self.pages
            .range(first..first + pages)
            .filter(|(_, slot)| matches!(slot, Slot::Resident { .. }))
            .count()
    }
}

impl Drop for ShmemFile {
    fn drop(&mut self) {
        self.truncate();
    }
}

const _: () = assert!(PAGE_SIZE == 1 << PAGE_SHIFT);

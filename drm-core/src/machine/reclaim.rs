//! Reclaim: shrinkers first, then shmem pages to swap.

use std::fmt;

use super::{Machine, ShmemFile};
use crate::sync::{Arc, Mutex, Weak};

/// What a shrinker is asked to do (`struct shrink_control`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShrinkControl {
    /// Pages to free.
    pub nr_to_scan: u64,
    /// Whether the caller may block: direct reclaim, or `kswapd` itself.
    pub may_block: bool,
}

impl ShrinkControl {
    /// Direct reclaim by an allocation that may block.
    #[must_use]
    pub fn direct(nr_to_scan: u64) -> Self {
        Self {
            nr_to_scan,
            may_block: true,
        }
    }

    /// Reclaim on behalf of an allocation that may not block.
    #[must_use]
    pub fn atomic(nr_to_scan: u64) -> Self {
        Self {
            nr_to_scan,
            may_block: false,
        }
    }
}

/// What a scan did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanResult {
    /// Pages freed; 0 means "nothing this time, try again".
    Freed(u64),
    /// No progress can be made now (`SHRINK_STOP`).
    Stop,
}

/// Frees memory when asked (`struct shrinker`). Called with arbitrary locks held: it may only try locks.
pub trait Shrinker: Send + Sync {
    /// Its name, as debugfs shows it.
    fn name(&self) -> &str;
    /// Pages that could be freed; 0 for none (`SHRINK_EMPTY`).
    fn count(&self, control: ShrinkControl) -> u64;
    /// Frees about `control.nr_to_scan` pages.
    fn scan(&self, control: ShrinkControl) -> ScanResult;
}

#[derive(Default)]
pub(super) struct Registry {
    shrinkers: Mutex<Vec<Weak<dyn Shrinker>>>,
    /// Files that have, or had, pages; the one that got its first page longest ago is first.
    files: Mutex<Vec<Weak<ShmemFile>>>,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("shrinkers", &self.shrinkers.lock().len())
            .field("files", &self.files.lock().len())
            .finish()
    }
}

impl Registry {
    pub(super) fn add_file(&self, file: Weak<ShmemFile>) {
        let mut files = self.files.lock();
        // Amortised: dead entries go when the list would grow.
        if files.len() == files.capacity() {
            files.retain(|file| file.strong_count() > 0);
        }
        files.push(file);
    }
}

impl Machine {
    /// Registers a shrinker for as long as it lives.
    pub fn register_shrinker(&self, shrinker: &Arc<dyn Shrinker>) {
        self.reclaim.shrinkers.lock().push(Arc::downgrade(shrinker));
    }

    /// Frees `pages` pages if it can: shrinkers in the order of registration, then shmem pages to swap. Returns the
    /// pages freed.
    pub fn reclaim(&self, pages: u64, control: ShrinkControl) -> u64 {
        let mut freed = self.shrink_slab(pages, control);
        if freed < pages && control.may_block {
            freed += self.swap_out(pages - freed);
        }
        freed
    }

    /// Asks every shrinker to free `pages` pages in all (`shrink_slab`).
    pub fn shrink_slab(&self, pages: u64, control: ShrinkControl) -> u64 {
        let shrinkers: Vec<_> = {
            let mut list = self.reclaim.shrinkers.lock();
            list.retain(|shrinker| shrinker.strong_count() > 0);
            list.iter().filter_map(Weak::upgrade).collect()
        };
        let mut freed = 0;
        for shrinker in shrinkers {
            if freed >= pages || shrinker.count(control) == 0 {
                continue;
            }
            let asked = ShrinkControl {
                nr_to_scan: pages - freed,
                ..control
            };
            if let ScanResult::Freed(n) = shrinker.scan(asked) {
                freed += n;
            }
        }
        freed
    }

    /// Writes up to `pages` shmem pages to swap, oldest file first; pages in use stay.
    pub fn swap_out(&self, pages: u64) -> u64 {
        let files: Vec<_> = self
            .reclaim
            .files
            .lock()
            .iter()
            .filter_map(Weak::upgrade)
            .collect();
        let mut freed = 0;
        for file in files {
            if freed >= pages {
                break;
            }
            freed += file.swap_out(pages - freed);
        }
        freed
    }

    /// Pages that still fit into swap (`get_nr_swap_pages`).
    #[must_use]
    pub fn swap_free(&self) -> u64 {
        self.swap.free()
    }
}

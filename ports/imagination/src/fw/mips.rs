//! The page table of a MIPS firmware processor: one flat array of 32-bit entries (`pvr_vm_mips.c`).

use drm_core::PAGE_SHIFT;
use drm_core::errno::{Errno, Result};
use drm_core::machine::Machine;
use drm_core::memory::{Gfp, Page};

use crate::hw::{MIPS_PFN_MASK, MIPS_PFN_SHIFT, MIPS_VALID};

/// Pages of the table (`ROGUE_MIPSFW_MAX_NUM_PAGETABLE_PAGES`): room for 16 MiB.
pub(super) const PAGES: usize = 4;
const ENTRIES_PER_PAGE: u32 = 1024;
/// The page may be stored to.
const DIRTY: u32 = 1 << 2;
const GLOBAL: u32 = 1;
const CACHE_POLICY_SHIFT: u32 = 3;
const POLICY_UNCACHED: u32 = 2;
/// Cached, for a bus of more than 32 bits: write-through.
const POLICY_CACHED: u32 = 1;

/// The table, in pages of its own.
#[derive(Debug)]
pub(super) struct MipsTable {
    machine: Machine,
    pages: Vec<Page>,
}

impl MipsTable {
    /// An empty table (`pvr_vm_mips_init`). `ENOMEM`.
    pub(super) fn new(machine: &Machine) -> Result<Self> {
        let pages = (0..PAGES).map(|_| Page::alloc(machine.frames(), Gfp::KERNEL));
        Ok(Self {
            machine: machine.clone(),
            pages: pages.collect::<Result<_>>()?,
        })
    }

    /// Physical addresses of its pages.
    pub(super) fn pages(&self) -> impl Iterator<Item = u64> + '_ {
        self.pages.iter().map(Page::phys)
    }

    /// Maps the pages from `first` on to what `dma` gives for each (`pvr_vm_mips_map`).
    ///
    /// # Errors
    ///
    /// Those of `dma`, and then nothing stays mapped.
    pub(super) fn map(
        &self,
        first: u32,
        pages: u32,
        uncached: bool,
        dma: impl Fn(u32) -> Result<u64>,
    ) -> Result {
        let policy = if uncached {
            POLICY_UNCACHED
        } else {
            POLICY_CACHED
        };
        let flags = DIRTY | policy << CACHE_POLICY_SHIFT | MIPS_VALID | GLOBAL;
        for page in 0..pages {
            let addr = match dma(page) {
                Ok(addr) => addr,
                Err(error) => {
                    self.unmap(first, page);
                    return Err(error);
                }
            };
            let frame = ((addr >> PAGE_SHIFT) << MIPS_PFN_SHIFT) as u32 & MIPS_PFN_MASK;
            self.put(first + page, frame | flags)?;
        }
        Ok(())
    }

    /// Clears entries (`pvr_vm_mips_unmap`).
    pub(super) fn unmap(&self, first: u32, pages: u32) {
        for page in first..first + pages {
            // Whatever was mapped is in the table.
            let _ = self.put(page, 0);
        }
    }

    fn put(&self, index: u32, entry: u32) -> Result {
        let page = self.pages.get((index / ENTRIES_PER_PAGE) as usize);
        let page = page.ok_or(Errno::EINVAL)?;
        let at = page.phys() + 4 * u64::from(index % ENTRIES_PER_PAGE);
        self.machine.ram().write_u32(at, entry);
        self.machine.counters().pte_writes.add(1);
        Ok(())
    }

    /// The entry of a page; 0 beyond the table.
    pub(super) fn entry(&self, index: u32) -> u32 {
        let page = self.pages.get((index / ENTRIES_PER_PAGE) as usize);
        page.map_or(0, |page| {
            let at = page.phys() + 4 * u64::from(index % ENTRIES_PER_PAGE);
            self.machine.ram().read_u32(at)
        })
    }
}

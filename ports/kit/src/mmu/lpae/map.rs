//! Mapping: `arm_lpae_map_pages`.

use drm_core::errno::{Errno, Result};

use super::{Cursor, Prot, format};
use crate::mmu::memory::{TableMemory, Tables};
use crate::mmu::radix::Format;

impl<M: TableMemory> Cursor<'_, M> {
    /// Maps `pgcount` pages of `pgsize` bytes from `pa` on at `iova`; returns the bytes mapped,
    /// which end with the table that `iova` is in (`arm_lpae_map_pages`).
    ///
    /// # Errors
    /// Nothing is mapped on error, but tables allocated on the way and tables already freed to make
    /// room for blocks stay as they are.
    /// * `EINVAL`: `pgsize` is neither 4 KiB nor 2 MiB (with a warning); neither READ nor WRITE.
    /// * `ERANGE`, with a warning: `iova` or `pa` beyond the widths.
    /// * `EEXIST`, with a warning: a leaf is in the way.
    /// * `ENOMEM`: no memory for a table.
    pub fn map_pages(
        &mut self,
        iova: u64,
        pa: u64,
        pgsize: u64,
        pgcount: u64,
        prot: Prot,
    ) -> Result<u64> {
        let Some(target) = self.table.depth_of(pgsize) else {
            self.table.mem.warn("io-pgtable-arm.c:522");
            return Err(Errno::EINVAL);
        };
        if self.table.beyond_ias(iova) || pa >> self.table.oas != 0 {
            self.table.mem.warn("io-pgtable-arm.c:527");
            return Err(Errno::ERANGE);
        }
        if !prot.intersects(Prot::READ | Prot::WRITE) {
            return Err(Errno::EINVAL);
        }

        self.turn_to(iova, target);
        while self.path.depth() < target {
            let child = self.child_or_new(iova)?;
            self.path.descend(child);
        }

        let level = self.table.format.levels()[target];
        let count = pgcount.min(level.entries() - level.index(iova));
        self.make_room(iova, count)?;
        let attributes = self.table.format.prot_to_pte(prot);
        let first = self.table.format.leaf(target, pa, attributes);
        let slot = level.slot(self.path.table(), iova);
        self.table.mem.fill64(slot, count, first, pgsize);
        Ok(count * pgsize)
    }

    /// The table under the entry for `iova` where the walk stands; a new one if it is empty.
    fn child_or_new(&self, iova: u64) -> Result<u64> {
        let depth = self.path.depth();
        let slot = self.table.format.levels()[depth].slot(self.path.table(), iova);
        let raw = self.table.mem.read64(slot);
        if raw == 0 {
            let table = self.table.mem.new_table(0)?;
            self.table.install_table(slot, table);
            return Ok(table);
        }
        if self.table.format.is_leaf(depth, raw) {
            self.table.mem.warn("io-pgtable-arm.c:436");
            return Err(Errno::EEXIST);
        }
        Ok(raw & format::ADDRESS)
    }

    /// Sees that the `count` entries from `iova` on hold no leaf, and frees the tables under them
    /// (first half of `arm_lpae_init_pte`). A leaf found late does not bring back the tables before.
    fn make_room(&mut self, iova: u64, count: u64) -> Result {
        let depth = self.path.depth();
        let level = self.table.format.levels()[depth];
        for i in 0..count {
            let slot = level.slot(self.path.table(), iova) + 8 * i;
            let raw = self.table.mem.read64(slot);
            if self.table.format.is_leaf(depth, raw) {
                self.table.mem.warn("io-pgtable-arm.c:334");
                return Err(Errno::EEXIST);
            }
            if raw != 0 {
                self.clear(slot, 1);
            }
        }
        Ok(())
    }
}

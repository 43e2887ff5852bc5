//! Unmapping, with the split of a block: `arm_lpae_unmap_pages`.

use super::{Cursor, LpaeFormat, format};
use crate::mmu::memory::{TableMemory, Tables};
use crate::mmu::radix::Format;

impl<M: TableMemory> Cursor<'_, M> {
    /// Unmaps `pgcount` pages of `pgsize` bytes at `iova`; returns the bytes unmapped, which end
    /// with the table that `iova` is in (`arm_lpae_unmap_pages`).
    ///
    /// It stops short, with a warning, at an empty entry; at once, if a block must be split and there
    /// is no memory for the table. A 2 MiB page whose entry is a table goes with that table and
    /// all it maps.
    pub fn unmap_pages(&mut self, iova: u64, pgsize: u64, pgcount: u64) -> u64 {
        let depth = self.table.depth_of(pgsize);
        let Some(target) = depth.filter(|_| pgcount != 0) else {
            self.table.mem.warn("io-pgtable-arm.c:715");
            return 0;
        };
        if self.table.beyond_ias(iova) {
            self.table.mem.warn("io-pgtable-arm.c:720");
            return 0;
        }

        self.turn_to(iova, target);
        loop {
            let depth = self.path.depth();
            let level = self.table.format.levels()[depth];
            let slot = level.slot(self.path.table(), iova);
            let raw = self.table.mem.read64(slot);
            if raw == 0 {
                self.table.mem.warn("io-pgtable-arm.c:660");
                return 0;
            }
            if depth == target {
                let count = pgcount.min(level.entries() - level.index(iova));
                return self.clear(slot, count) * pgsize;
            }
            if self.table.format.is_leaf(depth, raw) {
                return self.split_block(slot, raw, iova, pgcount);
            }
            self.path.descend(raw & format::ADDRESS);
        }
    }

    /// Clears up to `count` entries of the table where the walk stands, and frees the tables under
    /// them; returns how many it came to before an empty one.
    pub(super) fn clear(&mut self, slot: u64, count: u64) -> u64 {
        let depth = self.path.depth();
        let mut cleared = 0;
        while cleared < count {
            let entry = slot + 8 * cleared;
            let raw = self.table.mem.read64(entry);
            if raw == 0 {
                self.table.mem.warn("io-pgtable-arm.c:671");
                break;
            }
            if !self.table.format.is_leaf(depth, raw) {
                self.table.mem.put64(entry, 0);
                self.table.free_tables(depth + 1, raw & format::ADDRESS);
            }
            cleared += 1;
        }
        self.table.mem.fill64(slot, cleared, 0, 0);
        cleared
    }

    /// Puts a table of pages in the place of the block `raw` in `slot`, without the pages from
    /// `iova` on (`arm_lpae_split_blk_unmap`). Returns the bytes unmapped, 0 without memory.
    fn split_block(&mut self, slot: u64, raw: u64, iova: u64, pgcount: u64) -> u64 {
        let depth = self.path.depth() + 1;
        let table = &*self.table;
        let Ok(pages) = table.mem.new_table(0) else {
            return 0;
        };
        let level = table.format.levels()[depth];
        let hole = level.index(iova);
        let count = pgcount.min(level.entries() - hole);
        let first = table
            .format
            .leaf(depth, raw & format::ADDRESS, LpaeFormat::inherit(raw));
        table.mem.fill64(pages, hole, first, level.span());
        let rest = hole + count;
        table.mem.fill64(
            pages + 8 * rest,
            level.entries() - rest,
            first + rest * level.span(),
            level.span(),
        );
        table.install_table(slot, pages);
        count * level.span()
    }
}

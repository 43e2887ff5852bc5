//! The three-level table of Imagination Rogue (`pvr_mmu.c`).
//!
//! Each operation reserves the tables it may need before it starts ([`RogueTable::map_op`]) and gives
//! back at its end what it did not use and what it emptied: a table whose last entry goes is unlinked
//! at once and freed when the operation is over.

mod cursor;
mod format;
mod op;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use drm_core::errno::{Errno, Result};

pub use self::format::{PageFlags, PageSize, RogueFormat};
pub use self::op::{Flush, RogueOp, SyncLevel};
use super::memory::{TableMemory, Tables};
use super::view::View;

/// Why an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpError {
    /// As the kernel answers.
    #[error(transparent)]
    Errno(#[from] Errno),
    /// The kernel would have followed a pointer to a table that is not there: a range to unmap has a
    /// hole after its first page.
    #[error("unmap follows a page-table pointer that is null")]
    NullTable,
}

/// The driver's mirror of one table below the catalogue.
#[derive(Clone, Copy, Debug)]
struct Node {
    parent: u64,
    index_in_parent: u64,
    entries: u32,
}

/// The page tables of one VM context, freed when dropped.
#[derive(Debug)]
pub struct RogueTable<M: TableMemory> {
    mem: M,
    format: RogueFormat,
    catalogue: u64,
    /// Linked tables, by physical address.
    nodes: BTreeMap<u64, Node>,
}

impl<M: TableMemory + Clone> RogueTable<M> {
    /// An empty catalogue (`pvr_mmu_context_create`).
    ///
    /// # Errors
    /// `ENOMEM`.
    pub fn new(mem: M, page: PageSize) -> Result<Self> {
        let catalogue = mem.new_table(0)?;
        let format = RogueFormat::new(page);
        Ok(Self {
            mem,
            format,
            catalogue,
            nodes: BTreeMap::new(),
        })
    }

    /// Physical address of the catalogue, as the firmware's memory context takes it.
    pub fn root(&self) -> u64 {
        self.catalogue
    }

    /// How to read the table.
    pub fn format(&self) -> RogueFormat {
        self.format
    }

    /// The table as a device or a dump sees it.
    pub fn view(&self) -> View<RogueFormat, &M> {
        View::new(self.format, &self.mem, self.catalogue)
    }

    /// An operation that maps `size` bytes at `va`: reserves one directory for each 1 GiB and one page
    /// table for each 2 MiB that the range touches (`pvr_mmu_op_context_create`). It needs no lock of
    /// the table.
    ///
    /// # Errors
    /// `ENOMEM`, and then nothing is kept.
    pub fn map_op(&self, va: u64, size: u64) -> Result<RogueOp<M>> {
        let mut op = RogueOp::new(self.mem.clone(), false);
        if size != 0 {
            let last = va + size - 1;
            op.reserve((last >> 30) - (va >> 30) + 1, (last >> 21) - (va >> 21) + 1)?;
        }
        Ok(op)
    }

    /// An operation that unmaps: reserves nothing.
    pub fn unmap_op(&self) -> RogueOp<M> {
        RogueOp::new(self.mem.clone(), true)
    }
}

impl<M: TableMemory> Drop for RogueTable<M> {
    fn drop(&mut self) {
        for &table in self.nodes.keys() {
            self.mem.drop_table(table, 0);
        }
        self.mem.drop_table(self.catalogue, 0);
    }
}

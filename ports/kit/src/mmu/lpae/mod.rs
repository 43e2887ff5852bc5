//! LPAE page tables as panfrost and panthor use them: one engine, two formats (`io-pgtable-arm.c`,
//! Linux 6.12).
//!
//! The behaviour is that of `io-pgtable`, its rough edges included: mapping over a leaf is `EEXIST`
//! and a warning; a block that replaces a table frees it; unmapping part of a block builds a table
//! for the rest; emptied tables stay until a whole entry above them is unmapped.

mod format;
mod map;
mod unmap;

#[cfg(test)]
mod tests;

use drm_core::errno::{Errno, Result};

pub use self::format::{ADDRESS, Kind, LpaeFormat, Prot};
use super::memory::{TableEvent, TableMemory, Tables};
use super::path::Path;
use super::pgsize::{SZ_2M, SZ_4K};
use super::radix::Format;
use super::view::{Position, View, for_each_table};

/// Widths and coherency of a table: `struct io_pgtable_cfg`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// VA bits.
    pub ias: u32,
    /// PA bits.
    pub oas: u32,
    /// The walker snoops CPU caches. If it does not, each new table entry is stored twice: the
    /// second store says that the first was flushed.
    pub coherent_walk: bool,
}

/// A page table, its root allocated with it and every table freed with it.
#[derive(Debug)]
pub struct Lpae<M: TableMemory> {
    mem: M,
    format: LpaeFormat,
    oas: u32,
    coherent_walk: bool,
    root: u64,
}

impl<M: TableMemory> Lpae<M> {
    /// Allocates an empty table with 4 KiB and 2 MiB leaves (`alloc_io_pgtable_ops`).
    ///
    /// # Errors
    /// `EINVAL` for widths the format cannot do, `ENOMEM` without memory for the root. The kernel
    /// answers NULL to both, and both drivers make `EINVAL` of it.
    pub fn new(mem: M, kind: Kind, config: Config) -> Result<Self> {
        let Config {
            ias,
            oas,
            coherent_walk,
        } = config;
        let widths_fit = match kind {
            Kind::Mali => ias <= 48 && oas <= 40,
            Kind::Stage1 => matches!(oas.min(48), 32 | 36 | 40 | 42 | 44 | 48),
        };
        if !widths_fit || ias <= 12 {
            return Err(Errno::EINVAL);
        }
        let format = LpaeFormat::new(kind, ias.min(48));
        let root = mem.new_table(0)?;
        Ok(Self {
            mem,
            format,
            oas: oas.min(48),
            coherent_walk,
            root,
        })
    }

    /// Physical address of the root table.
    pub fn root(&self) -> u64 {
        self.root
    }

    /// How to read the table.
    pub fn format(&self) -> LpaeFormat {
        self.format
    }

    /// The memory that holds the table.
    pub fn memory(&self) -> &M {
        &self.mem
    }

    /// The table as a device or a dump sees it.
    pub fn view(&self) -> View<LpaeFormat, &M> {
        View::new(self.format, &self.mem, self.root)
    }

    /// TRANSTAB of a Mali address space: table mode, read-inner, shared-outer if coherent.
    pub fn transtab(&self) -> u64 {
        self.root | 1 << 2 | 3 | if self.coherent_walk { 1 << 4 } else { 0 }
    }

    /// The memory attribute table: MEMATTR of Mali, MAIR of stage 1.
    pub fn memory_attributes(&self) -> u64 {
        match self.format.kind() {
            Kind::Mali => 0x88_8d_88,
            Kind::Stage1 => 0xf4_04_ff_44,
        }
    }

    /// A cursor at the root.
    pub fn cursor(&mut self) -> Cursor<'_, M> {
        let path = Path::new(self.root);
        Cursor { table: self, path }
    }

    /// [`Cursor::map_pages`] on a fresh cursor, as one call of the kernel's `map_pages`.
    ///
    /// # Errors
    /// Those of [`Cursor::map_pages`].
    pub fn map_pages(
        &mut self,
        iova: u64,
        pa: u64,
        pgsize: u64,
        pgcount: u64,
        prot: Prot,
    ) -> Result<u64> {
        self.cursor().map_pages(iova, pa, pgsize, pgcount, prot)
    }

    /// [`Cursor::unmap_pages`] on a fresh cursor, as one call of the kernel's `unmap_pages`.
    pub fn unmap_pages(&mut self, iova: u64, pgsize: u64, pgcount: u64) -> u64 {
        self.cursor().unmap_pages(iova, pgsize, pgcount)
    }

    /// The physical address behind `iova`, 0 where nothing is mapped (`arm_lpae_iova_to_phys`).
    pub fn iova_to_phys(&self, iova: u64) -> u64 {
        match self.view().reader().seek(iova) {
            Position::Hole { .. } => 0,
            Position::Leaf(leaf) => leaf.pa | (iova & (leaf.size - 1)),
        }
    }

    /// Frees the table `depth` below the root and all tables under it (`__arm_lpae_free_pgtable`).
    fn free_tables(&self, depth: usize, table: u64) {
        let Self { mem, format, .. } = self;
        for_each_table(format, mem, (depth, table), &mut |_, pa| {
            mem.drop_table(pa, 0);
        });
    }

    /// Stores the descriptor of a new `table` (`arm_lpae_install_table`).
    fn install_table(&self, slot: u64, table: u64) {
        let descriptor = table | format::TYPE_TABLE;
        self.mem.put64(slot, descriptor);
        if !self.coherent_walk {
            self.mem.put64(slot, descriptor | format::SW_SYNC);
        }
    }

    fn beyond_ias(&self, iova: u64) -> bool {
        iova >> self.format.ias() != 0
    }

    /// Depth of the tables whose leaves have this size.
    fn depth_of(&self, pgsize: u64) -> Option<usize> {
        if pgsize != SZ_4K && pgsize != SZ_2M {
            return None;
        }
        self.format
            .levels()
            .iter()
            .position(|level| level.span() == pgsize)
    }
}

impl<M: TableMemory> Drop for Lpae<M> {
    fn drop(&mut self) {
        self.free_tables(0, self.root);
    }
}

/// A place in a table that is being changed.
///
/// It works like a lock guard: while it lives nobody else reads or writes the table through its
/// owner. Calls that follow each other in VA keep the tables they share, so a scatter table is
/// written with one walk from the root, not one for each page.
#[derive(Debug)]
pub struct Cursor<'t, M: TableMemory> {
    table: &'t mut Lpae<M>,
    path: Path,
}

impl<M: TableMemory> Cursor<'_, M> {
    /// Turns to `iova`, no deeper than `depth`.
    fn turn_to(&mut self, iova: u64, depth: usize) {
        self.path.truncate(depth);
        if self.path.turn_to(self.table.format.levels(), iova) {
            self.table.mem.count(TableEvent::Walk, 1);
        }
    }
}

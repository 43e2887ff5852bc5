//! The four-level table of the Intel NPU (`ivpu_mmu_context.c`).
//!
//! Leaves are 4 KiB; sixteen of them can carry the hint that they are one 64 KiB piece. Tables come
//! with the first page in them and stay until the context goes. An unmapped entry is not 0: it keeps
//! a dummy address.

#[cfg(test)]
mod tests;

use bitflags::bitflags;
use drm_core::errno::{Errno, Result};

use super::Segment;
use super::memory::{TableEvent, TableMemory, Tables};
use super::path::Path;
use super::pgsize::{SZ_4K, SZ_64K};
use super::radix::{Access, Entry, Format, Level};
use super::view::{View, for_each_table};

/// What an entry holds after an unmap.
pub const UNMAPPED: u64 = 0xdead_b000;

const LEVELS: [Level; 4] = [level(39), level(30), level(21), level(12)];
const ADDRESS: u64 = 0x0000_ffff_ffff_f000;
const VALID_TABLE: u64 = 3;

const fn level(shift: u32) -> Level {
    Level {
        shift,
        bits: 9,
        entry_bytes: 8,
    }
}

bitflags! {
    /// Bits of a leaf.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct LeafFlags: u64 {
        /// The entry is used.
        const VALID = 1 << 0;
        /// A page (or a table, above the last level).
        const TYPE_PAGE = 1 << 1;
        /// Accesses snoop the last-level cache.
        const LLC_COHERENT = 1 << 2;
        /// Unprivileged accesses are allowed.
        const USER = 1 << 6;
        /// Stores are refused.
        const READ_ONLY = 1 << 7;
        /// Access flag.
        const ACCESSED = 1 << 10;
        /// Not global.
        const NOT_GLOBAL = 1 << 11;
        /// One of sixteen that are contiguous.
        const CONTIGUOUS = 1 << 52;
        /// What every mapping has: 0xc43.
        const MAPPED = Self::VALID.bits() | Self::TYPE_PAGE.bits() | Self::USER.bits()
            | Self::ACCESSED.bits() | Self::NOT_GLOBAL.bits();
    }
}

/// How to read the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IvpuFormat;

impl Format for IvpuFormat {
    fn levels(&self) -> &[Level] {
        &LEVELS
    }

    fn entry(&self, depth: usize, raw: u64) -> Entry {
        let pa = raw & ADDRESS;
        match (raw & VALID_TABLE, depth) {
            (VALID_TABLE, 3) => Entry::Leaf {
                pa,
                attributes: raw & !ADDRESS,
            },
            (VALID_TABLE, _) => Entry::Table { pa },
            _ => Entry::Empty,
        }
    }

    fn permits(&self, attributes: u64, access: Access) -> bool {
        let flags = LeafFlags::from_bits_retain(attributes);
        access != Access::Write || !flags.contains(LeafFlags::READ_ONLY)
    }
}

/// The kernel would have written through a page-table pointer that is null: no page was ever mapped in
/// this 2 MiB. Entries before it are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no page table for {va:#x}")]
pub struct NullTable {
    /// The address.
    pub va: u64,
}

/// Why pages could not be made read-only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadOnlyError {
    /// As the kernel answers.
    #[error(transparent)]
    Errno(#[from] Errno),
    /// The kernel would have crashed.
    #[error(transparent)]
    NullTable(#[from] NullTable),
}

/// The table of one context, freed when dropped.
#[derive(Debug)]
pub struct IvpuTable<M: TableMemory> {
    mem: M,
    root: u64,
    contiguous_pages: bool,
}

impl<M: TableMemory> IvpuTable<M> {
    /// An empty table; `contiguous_pages` is false with the module parameter `disable_mmu_cont_pages`.
    ///
    /// # Errors
    /// `ENOMEM`.
    pub fn new(mem: M, contiguous_pages: bool) -> Result<Self> {
        let root = mem.new_table(0)?;
        Ok(Self {
            mem,
            root,
            contiguous_pages,
        })
    }

    /// Physical address of the root, as the context descriptor takes it.
    pub fn root(&self) -> u64 {
        self.root
    }

    /// The table as the device or a dump sees it.
    pub fn view(&self) -> View<IvpuFormat, &M> {
        View::new(IvpuFormat, &self.mem, self.root)
    }

    /// Maps `segments` from `va` on (`ivpu_mmu_context_map_sgt`, without the TLB invalidation).
    ///
    /// # Errors
    /// `EINVAL` for an address that is not a page's, or beyond 48 bits. `ENOMEM` for a table: entries
    /// already written stay, as in Linux 6.12.
    pub fn map<I>(&mut self, va: u64, segments: I, llc_coherent: bool) -> Result
    where
        I: IntoIterator<Item = Segment>,
    {
        if va & !ADDRESS != 0 {
            return Err(Errno::EINVAL);
        }
        let mut flags = LeafFlags::MAPPED;
        flags.set(LeafFlags::LLC_COHERENT, llc_coherent);
        let mut path = Path::new(self.root);
        let mut at = va;
        for segment in segments {
            let mut pa = segment.addr;
            let end = pa + segment.len;
            while pa < end {
                let (contiguous, pages) = self.alike(at, pa, end - pa);
                let mut flags = flags;
                flags.set(LeafFlags::CONTIGUOUS, contiguous);
                let slot = self.slot_or_new(&mut path, at)?;
                self.mem.fill64(slot, pages, pa | flags.bits(), SZ_4K);
                at += pages * SZ_4K;
                pa += pages * SZ_4K;
            }
        }
        Ok(())
    }

    /// Gives the entries of the `size` bytes at `va` the value [`UNMAPPED`]
    /// (`ivpu_mmu_context_unmap_pages`).
    ///
    /// # Errors
    /// [`NullTable`] where nothing was ever mapped.
    pub fn unmap(&mut self, va: u64, size: u64) -> std::result::Result<(), NullTable> {
        self.for_each_run(va, size, |mem, slot, pages| {
            mem.fill64(slot, pages, UNMAPPED, 0);
        })
    }

    /// Makes the pages of `size` bytes at `va` read-only (`ivpu_mmu_context_set_pages_ro`, without the
    /// TLB invalidation). A 64 KiB piece that the range cuts loses its hint.
    ///
    /// # Errors
    /// `EINVAL`, with a warning, if address or size are not whole pages; [`NullTable`] where nothing was
    /// ever mapped.
    pub fn set_read_only(&mut self, va: u64, size: u64) -> std::result::Result<(), ReadOnlyError> {
        if size == 0 {
            return Ok(());
        }
        if !(va | size).is_multiple_of(SZ_4K) {
            self.mem.warn("ivpu_mmu_context.c:371");
            return Err(Errno::EINVAL.into());
        }
        if self.contiguous_pages {
            for end in [va, va + size] {
                if !end.is_multiple_of(SZ_64K) {
                    let piece = end & !(SZ_64K - 1);
                    let hint = LeafFlags::CONTIGUOUS.bits();
                    self.change(piece, SZ_64K, |entry| entry & !hint)?;
                }
            }
        }
        self.change(va, size, |entry| entry | LeafFlags::READ_ONLY.bits())?;
        Ok(())
    }

    /// The entry for `va` in the last level, mapped or not; `None` without a table for it.
    pub fn raw(&self, va: u64) -> Option<u64> {
        let slot = self.slot(&mut Path::new(self.root), va)?;
        Some(self.mem.read64(slot))
    }

    fn change(
        &mut self,
        va: u64,
        size: u64,
        new: impl Fn(u64) -> u64,
    ) -> std::result::Result<(), NullTable> {
        self.for_each_run(va, size, |mem, slot, pages| {
            for slot in (0..pages).map(|i| slot + 8 * i) {
                mem.put64(slot, new(mem.read64(slot)));
            }
        })
    }

    /// Calls `f` with the entries of each table that the range is in: first slot, number.
    fn for_each_run(
        &mut self,
        va: u64,
        size: u64,
        f: impl Fn(&M, u64, u64),
    ) -> std::result::Result<(), NullTable> {
        let mut path = Path::new(self.root);
        let (mut at, end) = (va, va + size);
        while at < end {
            let pages = ((end - at) / SZ_4K).min(pages_to_table_end(at));
            let slot = self.slot(&mut path, at).ok_or(NullTable { va: at })?;
            f(&self.mem, slot, pages);
            at += pages * SZ_4K;
        }
        Ok(())
    }

    /// How many of the pages from `va` and `pa` on are alike, in one table, and whether they get the
    /// contiguous hint; `left` bytes are left in the segment.
    fn alike(&self, va: u64, pa: u64, left: u64) -> (bool, u64) {
        let room = left.min(pages_to_table_end(va) * SZ_4K);
        let in_step = (va ^ pa).is_multiple_of(SZ_64K) && self.contiguous_pages;
        if !in_step || left < SZ_64K {
            return (false, room / SZ_4K);
        }
        let to_piece = va.wrapping_neg() % SZ_64K;
        if to_piece != 0 {
            return (false, to_piece.min(room) / SZ_4K);
        }
        // The end of a table is the end of a piece.
        (true, room / SZ_64K * (SZ_64K / SZ_4K))
    }

    /// The slot of the last level for `va`, if all tables above it exist.
    fn slot(&self, path: &mut Path, va: u64) -> Option<u64> {
        self.descend(path, va, |_| None)
    }

    /// The same, with the missing tables allocated top down (`ivpu_mmu_ensure_pud` and so on).
    fn slot_or_new(&mut self, path: &mut Path, va: u64) -> Result<u64> {
        let mut error = Errno::ENOMEM;
        self.descend(path, va, |slot| match self.mem.new_table(0) {
            Ok(table) => {
                self.mem.put64(slot, table | VALID_TABLE);
                Some(table)
            }
            Err(errno) => {
                error = errno;
                None
            }
        })
        .ok_or(error)
    }

    fn descend(
        &self,
        path: &mut Path,
        va: u64,
        mut missing: impl FnMut(u64) -> Option<u64>,
    ) -> Option<u64> {
        if path.turn_to(&LEVELS, va) {
            self.mem.count(TableEvent::Walk, 1);
        }
        loop {
            let depth = path.depth();
            let slot = LEVELS[depth].slot(path.table(), va);
            if depth == 3 {
                return Some(slot);
            }
            let raw = self.mem.read64(slot);
            let table = match raw & VALID_TABLE {
                0 => missing(slot)?,
                _ => raw & ADDRESS,
            };
            path.descend(table);
        }
    }
}

impl<M: TableMemory> Drop for IvpuTable<M> {
    fn drop(&mut self) {
        let mem = &self.mem;
        for_each_table(&IvpuFormat, mem, (0, self.root), &mut |_, table| {
            mem.drop_table(table, 0);
        });
    }
}

fn pages_to_table_end(va: u64) -> u64 {
    LEVELS[3].entries() - LEVELS[3].index(va)
}

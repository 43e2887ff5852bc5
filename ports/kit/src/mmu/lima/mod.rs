//! The two-level table of lima, whose page tables come in blocks of eight (`lima_vm.c`).

#[cfg(test)]
mod tests;

use drm_core::errno::Result;

use super::Segment;
use super::memory::{TableMemory, Tables};
use super::pgsize::SZ_4K;
use super::radix::{Access, Entry, Format, Level};
use super::view::View;

/// Where a Mali-450 maps the page of its DLBU, in every VM.
pub const DLBU_VA: u32 = 0xfff0_0000;

const LEVELS: [Level; 2] = [
    Level {
        shift: 22,
        bits: 10,
        entry_bytes: 4,
    },
    Level {
        shift: 12,
        bits: 10,
        entry_bytes: 4,
    },
];
const BLOCK_SHIFT: u32 = 25;
const BLOCK_ORDER: u32 = 3;
const BLOCK_TABLES: u64 = 1 << BLOCK_ORDER;
const BLOCK_ENTRIES: u64 = 1 << (BLOCK_SHIFT - 12);
const BLOCKS: usize = 1 << (32 - BLOCK_SHIFT);
const PRESENT: u32 = 1;
const READ: u64 = 1 << 1;
const WRITE: u64 = 1 << 2;
/// Present, read, write, and every cache bit but write-allocate.
const PAGE: u32 = 0x1df;

/// How to read the table; the attributes of a leaf are the low 12 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LimaFormat;

impl Format for LimaFormat {
    fn levels(&self) -> &[Level] {
        &LEVELS
    }

    fn entry(&self, depth: usize, raw: u64) -> Entry {
        let pa = raw & !0xfff;
        match (raw & u64::from(PRESENT), depth) {
            (0, _) => Entry::Empty,
            (_, 0) => Entry::Table { pa },
            _ => Entry::Leaf {
                pa,
                attributes: raw & 0xfff,
            },
        }
    }

    fn permits(&self, attributes: u64, access: Access) -> bool {
        let needed = if access == Access::Write { WRITE } else { READ };
        attributes & needed != 0
    }
}

/// An unmap that the kernel does not come back from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// It came to a block that was never allocated. What it cleared before is cleared.
    #[error("write through the missing page-table block {block} at address {address:#x}")]
    NullBlock {
        /// Number of the block.
        block: usize,
        /// The address that the store went to.
        address: u64,
    },
    /// Its range ends with the last page of the space and every block exists: the loop never ends.
    #[error("unmap loop wraps at the end of the address space and never ends")]
    Endless,
}

/// The address space of one open file, freed when dropped.
#[derive(Debug)]
pub struct LimaTable<M: TableMemory> {
    mem: M,
    directory: u64,
    blocks: [Option<u64>; BLOCKS],
}

impl<M: TableMemory> LimaTable<M> {
    /// An empty space; with the DLBU page in it on a Mali-450 (`lima_vm_create`).
    ///
    /// # Errors
    /// `ENOMEM`.
    pub fn new(mem: M, dlbu: Option<u64>) -> Result<Self> {
        let directory = mem.new_table(0)?;
        let mut table = Self {
            mem,
            directory,
            blocks: [None; BLOCKS],
        };
        if let Some(pa) = dlbu {
            table.map(
                DLBU_VA,
                [Segment {
                    addr: pa,
                    len: SZ_4K,
                }],
            )?;
        }
        Ok(table)
    }

    /// Physical address of the directory, as MMU_DTE_ADDR takes it.
    pub fn root(&self) -> u64 {
        self.directory
    }

    /// The table as a device or a dump sees it.
    pub fn view(&self) -> View<LimaFormat, &M> {
        View::new(LimaFormat, &self.mem, self.directory)
    }

    /// Numbers of the blocks that exist, ascending.
    pub fn blocks(&self) -> impl Iterator<Item = usize> + '_ {
        (0..BLOCKS).filter(|&block| self.blocks[block].is_some())
    }

    /// Directory entries that are present, and those among them that do not name their block.
    pub fn directory_entries(&self) -> (u64, u64) {
        let (mut present, mut wrong) = (0, 0);
        for index in 0..LEVELS[0].entries() {
            let raw = self.mem.read32(self.directory + 4 * index);
            if raw & PRESENT == 0 {
                continue;
            }
            let block = self.blocks[(index / BLOCK_TABLES) as usize];
            let expected = block.map(|block| table_entry(block, index % BLOCK_TABLES));
            present += 1;
            wrong += u64::from(expected != Some(raw));
        }
        (present, wrong)
    }

    /// Maps `segments` from `va` on. Physical addresses are cut to 32 bits without a check.
    ///
    /// # Errors
    /// `ENOMEM` for a block; the entries of this call are cleared again, blocks stay.
    pub fn map<I>(&mut self, va: u32, segments: I) -> Result
    where
        I: IntoIterator<Item = Segment>,
    {
        let mut at = va;
        for segment in segments {
            let mut pa = segment.addr;
            let end = pa + segment.len;
            while pa < end {
                let entries = ((end - pa) / SZ_4K).min(BLOCK_ENTRIES - entry_in_block(at));
                let block = match self.block_or_new(at) {
                    Ok(block) => block,
                    Err(error) => {
                        self.clear(va, at.wrapping_sub(va));
                        return Err(error);
                    }
                };
                let slot = block + 4 * entry_in_block(at);
                self.mem.fill32(slot, entries, pa as u32 | PAGE, 0x1000);
                at = at.wrapping_add((entries * SZ_4K) as u32);
                pa += entries * SZ_4K;
            }
        }
        Ok(())
    }

    /// Clears the entries of the `size` bytes at `va`, mapped or not (`lima_vm_unmap_range`).
    ///
    /// The kernel counts up to the last byte in 32 bits. When that is the last byte of the space it
    /// wraps, and goes on through the space from 0.
    ///
    /// # Errors
    /// What stops it for good.
    pub fn unmap(&mut self, va: u32, size: u64) -> std::result::Result<(), Broken> {
        let last = va.wrapping_add(size as u32).wrapping_sub(1);
        if last < va {
            return Ok(());
        }
        let wraps = last >= 0xffff_f000;
        let mut at = va;
        // From `va` to the end, then once through all blocks: after that nothing changes.
        for _ in 0..2 * BLOCKS {
            let block = (at >> BLOCK_SHIFT) as usize;
            let first = entry_in_block(at);
            let Some(table) = self.blocks[block] else {
                let address = 4 * first;
                return Err(Broken::NullBlock { block, address });
            };
            let block_end = (u64::from(at) | ((1 << BLOCK_SHIFT) - 1)) + 1;
            let ends_here = !wraps && u64::from(last) < block_end;
            let entries = if ends_here {
                u64::from(last >> 12) - u64::from(at >> 12) + 1
            } else {
                BLOCK_ENTRIES - first
            };
            self.mem.fill32(table + 4 * first, entries, 0, 0);
            if ends_here {
                return Ok(());
            }
            at = block_end as u32;
        }
        Err(Broken::Endless)
    }

    /// The block for `va`; a new one is entered in the directory (`lima_vm_map_page`).
    fn block_or_new(&mut self, va: u32) -> Result<u64> {
        let number = (va >> BLOCK_SHIFT) as usize;
        if let Some(block) = self.blocks[number] {
            return Ok(block);
        }
        let block = self.mem.new_table(BLOCK_ORDER)?;
        self.blocks[number] = Some(block);
        let slot = self.directory + 4 * BLOCK_TABLES * number as u64;
        let first = table_entry(block, 0);
        self.mem.fill32(slot, BLOCK_TABLES, first, 0x1000);
        Ok(block)
    }

    /// Undoes the part of a failed map that was written: all its blocks exist.
    fn clear(&mut self, va: u32, size: u32) {
        let mut at = u64::from(va);
        let end = at + u64::from(size);
        while at < end {
            let first = entry_in_block(at as u32);
            let entries = ((end - at) / SZ_4K).min(BLOCK_ENTRIES - first);
            if let Some(block) = self.blocks[(at >> BLOCK_SHIFT) as usize] {
                self.mem.fill32(block + 4 * first, entries, 0, 0);
            }
            at += entries * SZ_4K;
        }
    }
}

impl<M: TableMemory> Drop for LimaTable<M> {
    fn drop(&mut self) {
        for block in self.blocks.iter().flatten() {
            self.mem.drop_table(*block, BLOCK_ORDER);
        }
        self.mem.drop_table(self.directory, 0);
    }
}

/// Directory entry for table `index` of a block.
fn table_entry(block: u64, index: u64) -> u32 {
    (block + SZ_4K * index) as u32 | PRESENT
}

/// Index of `va` among the 8192 entries of its block.
fn entry_in_block(va: u32) -> u64 {
    u64::from(va >> 12) % BLOCK_ENTRIES
}

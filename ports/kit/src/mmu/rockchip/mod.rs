//! A plain two-level IOMMU with 32 bits of VA: version 2 of the Rockchip IOMMU (`rockchip-iommu.c`), as
//! rocket's address spaces use it through the IOMMU API.

#[cfg(test)]
mod tests;

use bitflags::bitflags;
use drm_core::errno::{Errno, Result};

use super::Segment;
use super::memory::{TableEvent, TableMemory, Tables};
use super::pgsize::SZ_4K;
use super::radix::{Access, Entry, Format, Level};
use super::view::{View, for_each_table};

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

bitflags! {
    /// Low bits of a page entry.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct PageFlags: u32 {
        /// The entry is used.
        const VALID = 1 << 0;
        /// Loads are allowed.
        const READ = 1 << 1;
        /// Stores are allowed.
        const WRITE = 1 << 2;
    }
}

/// How to read the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RockchipFormat;

impl RockchipFormat {
    /// Address bits of an entry: 31:12 in place, 35:32 in bits 11:8, 39:36 in bits 7:4.
    fn pack(pa: u64) -> u32 {
        (pa & 0xffff_f000) as u32 | ((pa >> 32 & 0xf) << 8 | (pa >> 36 & 0xf) << 4) as u32
    }

    fn unpack(raw: u64) -> u64 {
        raw & 0xffff_f000 | (raw >> 8 & 0xf) << 32 | (raw >> 4 & 0xf) << 36
    }
}

impl Format for RockchipFormat {
    fn levels(&self) -> &[Level] {
        &LEVELS
    }

    fn entry(&self, depth: usize, raw: u64) -> Entry {
        let pa = Self::unpack(raw);
        match (raw & 1, depth) {
            (0, _) => Entry::Empty,
            (_, 0) => Entry::Table { pa },
            _ => Entry::Leaf {
                pa,
                attributes: raw & 0xf,
            },
        }
    }

    fn permits(&self, attributes: u64, access: Access) -> bool {
        let needed = match access {
            Access::Write => PageFlags::WRITE,
            Access::Read | Access::Execute => PageFlags::READ,
        };
        attributes & u64::from(needed.bits()) != 0
    }
}

/// One paging domain, freed when dropped.
#[derive(Debug)]
pub struct RockchipTable<M: TableMemory> {
    mem: M,
    root: u64,
}

impl<M: TableMemory> RockchipTable<M> {
    /// An empty domain.
    ///
    /// # Errors
    /// `ENOMEM`.
    pub fn new(mem: M) -> Result<Self> {
        let root = mem.new_table(0)?;
        Ok(Self { mem, root })
    }

    /// Physical address of the directory.
    pub fn root(&self) -> u64 {
        self.root
    }

    /// The table as the device or a dump sees it.
    pub fn view(&self) -> View<RockchipFormat, &M> {
        View::new(RockchipFormat, &self.mem, self.root)
    }

    /// Maps `segments` from `iova` on (`iommu_map_sg`); returns the bytes mapped.
    ///
    /// # Errors
    /// Everything that this call mapped is unmapped again; tables stay.
    /// * `EINVAL`: not whole pages.
    /// * `ERANGE`: beyond 32 bits of VA or 40 bits of PA.
    /// * `EADDRINUSE`: a page is mapped already.
    /// * `ENOMEM`: no memory for a table.
    pub fn map<I>(&mut self, iova: u64, segments: I, flags: PageFlags) -> Result<u64>
    where
        I: IntoIterator<Item = Segment>,
    {
        let mut mapped = 0;
        for segment in segments {
            match self.map_segment(iova + mapped, segment, flags) {
                Ok(()) => mapped += segment.len,
                Err((errno, done)) => {
                    self.unmap(iova, mapped + done);
                    return Err(errno);
                }
            }
        }
        Ok(mapped)
    }

    /// On error also the bytes that it mapped.
    fn map_segment(
        &mut self,
        iova: u64,
        segment: Segment,
        flags: PageFlags,
    ) -> std::result::Result<(), (Errno, u64)> {
        let Segment { addr: pa, len } = segment;
        if !(iova | pa | len).is_multiple_of(SZ_4K) {
            return Err((Errno::EINVAL, 0));
        }
        if iova + len > RockchipFormat.va_end() || pa + len > 1 << 40 {
            return Err((Errno::ERANGE, 0));
        }
        let mut done = 0;
        while done < len {
            let at = iova + done;
            let pages = ((len - done) / SZ_4K).min(pages_to_table_end(at));
            let table = self.table_or_new(at).map_err(|errno| (errno, done))?;
            let slot = LEVELS[1].slot(table, at);
            for i in 0..pages {
                if self.mem.read32(slot + 4 * i) & PageFlags::VALID.bits() != 0 {
                    return Err((Errno::EADDRINUSE, done + i * SZ_4K));
                }
                let entry = RockchipFormat::pack(pa + done + i * SZ_4K);
                let valid = flags | PageFlags::VALID;
                self.mem.put32(slot + 4 * i, entry | valid.bits());
            }
            done += pages * SZ_4K;
        }
        Ok(())
    }

    /// Unmaps up to `size` bytes at `iova` (`iommu_unmap`): clears the valid bit and nothing else, up
    /// to the first entry that has it clear. Returns the bytes unmapped.
    pub fn unmap(&mut self, iova: u64, size: u64) -> u64 {
        let mut done = 0;
        while done < size {
            let at = iova + done;
            let pages = ((size - done) / SZ_4K).min(pages_to_table_end(at));
            let Some(table) = self.table(at) else {
                break;
            };
            for i in 0..pages {
                let slot = LEVELS[1].slot(table, at) + 4 * i;
                let raw = self.mem.read32(slot);
                if raw & PageFlags::VALID.bits() == 0 {
                    return done + i * SZ_4K;
                }
                self.mem.put32(slot, raw & !PageFlags::VALID.bits());
            }
            done += pages * SZ_4K;
        }
        done
    }

    /// The page entry for `iova`, valid or not; `None` without a table for it.
    pub fn raw(&self, iova: u64) -> Option<u32> {
        let table = self.table(iova)?;
        Some(self.mem.read32(LEVELS[1].slot(table, iova)))
    }

    fn table(&self, iova: u64) -> Option<u64> {
        self.mem.count(TableEvent::Walk, 1);
        let raw = self.mem.read32(LEVELS[0].slot(self.root, iova));
        match RockchipFormat.entry(0, raw.into()) {
            Entry::Table { pa } => Some(pa),
            Entry::Empty | Entry::Leaf { .. } => None,
        }
    }

    fn table_or_new(&mut self, iova: u64) -> Result<u64> {
        if let Some(table) = self.table(iova) {
            return Ok(table);
        }
        let table = self.mem.new_table(0)?;
        let entry = RockchipFormat::pack(table) | PageFlags::VALID.bits();
        self.mem.put32(LEVELS[0].slot(self.root, iova), entry);
        Ok(table)
    }
}

impl<M: TableMemory> Drop for RockchipTable<M> {
    fn drop(&mut self) {
        let mem = &self.mem;
        for_each_table(&RockchipFormat, mem, (0, self.root), &mut |_, table| {
            mem.drop_table(table, 0);
        });
    }
}

fn pages_to_table_end(iova: u64) -> u64 {
    LEVELS[1].entries() - LEVELS[1].index(iova)
}

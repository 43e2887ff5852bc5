//! The flat page table of v3d: one entry for each 4 KiB of a 4 GiB space that the whole device shares
//! (`v3d_mmu.c`).

#[cfg(test)]
mod tests;

use drm_core::errno::Result;

use super::Segment;
use super::memory::{TableMemory, Tables};
use super::pgsize::{SZ_1M, SZ_4K, SZ_64K};
use super::radix::{Access, Entry, Format, Level};
use super::view::View;

/// Entries of the table.
pub const ENTRIES: u64 = 1 << 20;

const LEVELS: [Level; 1] = [Level {
    shift: 12,
    bits: 20,
    entry_bytes: 4,
}];
const ORDER: u32 = 10;
const FRAME: u32 = 0x00ff_ffff;
const VALID: u32 = 1 << 28;
const WRITEABLE: u32 = 1 << 29;
/// One of 16 entries that map 64 KiB; reserved up to Linux 6.12.
const BIG_PAGE: u32 = 1 << 30;
/// One of 256 entries that map 1 MiB; never set up to Linux 6.12.
const SUPER_PAGE: u32 = 1 << 31;

/// How to read the table. Each entry of a large page has its own frame number, so a leaf is always
/// 4 KiB and the size is a flag (bits 31:24, as dumps print them, are `attributes >> 24`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct V3dFormat;

impl Format for V3dFormat {
    fn levels(&self) -> &[Level] {
        &LEVELS
    }

    fn entry(&self, _depth: usize, raw: u64) -> Entry {
        if raw & u64::from(VALID) == 0 {
            return Entry::Empty;
        }
        let frame = raw & u64::from(FRAME);
        Entry::Leaf {
            pa: frame << 12,
            attributes: raw ^ frame,
        }
    }

    fn permits(&self, attributes: u64, access: Access) -> bool {
        access != Access::Write || attributes & u64::from(WRITEABLE) != 0
    }
}

/// Which entries the writer makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LargePages {
    /// 4 KiB entries only: Linux 6.12.
    #[default]
    Never,
    /// The super-page and big-page flags where alignment and length allow: Linux 6.13 and later.
    WhereTheyFit,
}

/// A frame number that the entry cannot hold: the kernel stops with a `BUG` (`v3d_mmu.c:90`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("frame {frame:#x} does not fit a v3d page-table entry")]
pub struct FrameTooLarge {
    /// `pa >> 12`.
    pub frame: u64,
}

/// The table, freed when dropped.
#[derive(Debug)]
pub struct V3dTable<M: TableMemory> {
    mem: M,
    base: u64,
}

impl<M: TableMemory> V3dTable<M> {
    /// 4 MiB of zeroed entries, allocated in one piece.
    ///
    /// # Errors
    /// `ENOMEM`.
    pub fn new(mem: M) -> Result<Self> {
        let base = mem.new_table(ORDER)?;
        Ok(Self { mem, base })
    }

    /// Physical address of the table; MMU_PT_PA_BASE is this shifted right by 12.
    pub fn root(&self) -> u64 {
        self.base
    }

    /// The table as the device or a dump sees it.
    pub fn view(&self) -> View<V3dFormat, &M> {
        View::new(V3dFormat, &self.mem, self.base)
    }

    /// Writes entries for `segments` from page `page` of the space on; returns how many
    /// (`v3d_mmu_insert_ptes`, without the flush). What was there is overwritten.
    ///
    /// # Errors
    /// Entries before the frame that does not fit stay.
    pub fn insert<I>(
        &mut self,
        page: u64,
        segments: I,
        large: LargePages,
    ) -> std::result::Result<u64, FrameTooLarge>
    where
        I: IntoIterator<Item = Segment>,
    {
        let mut at = page;
        for segment in segments {
            let mut frame = segment.addr >> 12;
            let end = frame + segment.len / SZ_4K;
            while frame < end {
                let (flags, entries) = chunk(at, frame, end - frame, large);
                let fits = u64::from(FRAME).saturating_sub(frame).min(entries);
                let first = frame as u32 | flags;
                self.mem.fill32(self.slot(at), fits, first, 1);
                if fits < entries {
                    return Err(FrameTooLarge {
                        frame: frame + fits,
                    });
                }
                at += entries;
                frame += entries;
            }
        }
        Ok(at - page)
    }

    /// Clears `count` entries from page `page` on, mapped or not (`v3d_mmu_remove_ptes`, without the
    /// flush).
    pub fn remove(&mut self, page: u64, count: u64) {
        self.mem.fill32(self.slot(page), count, 0, 0);
    }

    fn slot(&self, page: u64) -> u64 {
        self.base + 4 * page
    }
}

impl<M: TableMemory> Drop for V3dTable<M> {
    fn drop(&mut self) {
        self.mem.drop_table(self.base, ORDER);
    }
}

/// Flags and number of the next entries that are alike, `left` pages before the end of the segment.
fn chunk(page: u64, frame: u64, left: u64, large: LargePages) -> (u32, u64) {
    let flags = VALID | WRITEABLE;
    if large == LargePages::Never {
        return (flags, left);
    }
    for (size, flag) in [(SZ_1M, SUPER_PAGE), (SZ_64K, BIG_PAGE)] {
        let pages = size / SZ_4K;
        if left >= pages && (page | frame).is_multiple_of(pages) {
            return (flags | flag, pages);
        }
    }
    (flags, 1)
}

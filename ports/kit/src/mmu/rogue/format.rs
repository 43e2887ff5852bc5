//! Entries of the three levels: page catalogue, page directory, page table (`pvr_mmu.c`).

use bitflags::bitflags;

use crate::mmu::radix::{Access, Entry, Format, Level};

/// Device page size, one for a whole table; the driver uses the host's, so 4 KiB on this machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PageSize {
    /// 4 KiB.
    #[default]
    K4,
    /// 16 KiB.
    K16,
    /// 64 KiB.
    K64,
    /// 256 KiB.
    K256,
    /// 1 MiB.
    M1,
    /// 2 MiB.
    M2,
}

impl PageSize {
    /// The code in bits 3:1 of a directory entry.
    fn code(self) -> u64 {
        self as u64
    }

    /// `log2` of the size in bytes.
    pub const fn shift(self) -> u32 {
        match self {
            Self::K4 => 12,
            Self::K16 => 14,
            Self::K64 => 16,
            Self::K256 => 18,
            Self::M1 => 20,
            Self::M2 => 21,
        }
    }

    /// Size in bytes.
    pub const fn bytes(self) -> u64 {
        1 << self.shift()
    }
}

bitflags! {
    /// Page flags that the driver sets (`pvr_page_flags_raw_create`).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct PageFlags: u64 {
        /// Stores are refused.
        const READ_ONLY = 1 << 1;
        /// The device snoops CPU caches.
        const CACHE_COHERENT = 1 << 2;
        /// Accesses bypass the system-level cache (`DRM_PVR_BO_BYPASS_DEVICE_CACHE`).
        const BYPASS = 1 << 3;
        /// For the parameter manager and the firmware alone (`DRM_PVR_BO_PM_FW_PROTECT`).
        const PROTECT = 1 << 62;
    }
}

/// Address field of entries of the lower two levels: bits 39:12 for tables, cut to the page for pages.
const ADDRESS: u64 = 0x0000_00ff_ffff_f000;
const VALID: u64 = 1;

/// How to read a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RogueFormat {
    page: PageSize,
    levels: [Level; 3],
}

impl RogueFormat {
    /// The format for one page size.
    pub fn new(page: PageSize) -> Self {
        let level = |shift, bits, entry_bytes| Level {
            shift,
            bits,
            entry_bytes,
        };
        let page_table = level(page.shift(), 21 - page.shift(), 8);
        Self {
            page,
            levels: [level(30, 10, 4), level(21, 9, 8), page_table],
        }
    }

    /// The page size.
    pub fn page_size(&self) -> PageSize {
        self.page
    }

    /// Catalogue entry for the directory at `table`.
    pub(super) fn catalogue_entry(table: u64) -> u32 {
        ((table >> 12) << 4 | VALID) as u32
    }

    /// Directory entry for the page table at `table`.
    pub(super) fn directory_entry(&self, table: u64) -> u64 {
        table & ADDRESS | self.page.code() << 1 | VALID
    }

    /// Entry for the page at `pa`.
    pub(super) fn page_entry(&self, pa: u64, flags: PageFlags) -> u64 {
        pa & self.page_address() | flags.bits() | VALID
    }

    fn page_address(&self) -> u64 {
        ADDRESS & !(self.page.bytes() - 1)
    }
}

impl Format for RogueFormat {
    fn levels(&self) -> &[Level] {
        &self.levels
    }

    fn entry(&self, depth: usize, raw: u64) -> Entry {
        if raw & VALID == 0 {
            return Entry::Empty;
        }
        match depth {
            0 => Entry::Table {
                pa: (raw >> 4) << 12,
            },
            1 => Entry::Table { pa: raw & ADDRESS },
            _ => Entry::Leaf {
                pa: raw & self.page_address(),
                attributes: raw & !self.page_address(),
            },
        }
    }

    fn permits(&self, attributes: u64, access: Access) -> bool {
        access != Access::Write || attributes & PageFlags::READ_ONLY.bits() == 0
    }
}

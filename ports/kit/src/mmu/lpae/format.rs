//! The two LPAE entry formats, bit for bit (`io-pgtable-arm.c`), with a 4 KiB granule.

use bitflags::bitflags;

use crate::mmu::radix::{Access, Entry, Format, Level, MAX_LEVELS};

bitflags! {
    /// What a mapping allows: `IOMMU_READ` and its companions (`linux/iommu.h`).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Prot: u32 {
        /// The device may read.
        const READ = 1 << 0;
        /// The device may write.
        const WRITE = 1 << 1;
        /// Accesses are cache coherent.
        const CACHE = 1 << 2;
        /// The device may not fetch instructions.
        const NOEXEC = 1 << 3;
        /// Device memory, not RAM.
        const MMIO = 1 << 4;
        /// Privileged accesses only.
        const PRIV = 1 << 5;
    }
}

/// Which of the two formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `ARM_MALI_LPAE`: panfrost. Stage-1 attributes, stage-2 permissions, leaves of type 1 throughout.
    Mali,
    /// `ARM_64_LPAE_S1`: panthor. The format of the CPU.
    Stage1,
}

/// Output address, bits 47:12.
pub const ADDRESS: u64 = 0x0000_ffff_ffff_f000;
const TYPE: u64 = 3;
const TYPE_BLOCK: u64 = 1;
/// Table descriptor, and stage-1 page at the last level.
pub(super) const TYPE_TABLE: u64 = 3;
/// Software bit of a table descriptor: already flushed to memory for a walker that does not snoop.
pub(super) const SW_SYNC: u64 = 1 << 55;
const NEVER_EXECUTE: u64 = 3 << 53;
const DIRTY_MODIFIER: u64 = 1 << 51;
const NOT_GLOBAL: u64 = 1 << 11;
const ACCESS_FLAG: u64 = 1 << 10;
const OUTER_SHAREABLE: u64 = 2 << 8;
const INNER_SHAREABLE: u64 = 3 << 8;
const READ_ONLY: u64 = 1 << 7;
const UNPRIVILEGED: u64 = 1 << 6;
const MALI_WRITE: u64 = 1 << 7;
const MALI_READ: u64 = 1 << 6;
const INDEX_CACHED: u64 = 1 << 2;
const INDEX_DEVICE: u64 = 2 << 2;
/// What a block hands on to the pages it is split into.
const ATTRIBUTES: u64 = (0x3ff << 2) | NEVER_EXECUTE | DIRTY_MODIFIER;

const INDEX_BITS: u32 = 9;
const PAGE_SHIFT: u32 = 12;

/// Geometry and entry format of one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LpaeFormat {
    kind: Kind,
    ias: u32,
    start_level: usize,
    levels: [Level; MAX_LEVELS],
}

impl LpaeFormat {
    /// The format for `ias` bits of VA (13 to 48).
    ///
    /// Mali always starts at level 0; up to 39 bits its root then has one entry. Stage 1 starts at
    /// level `4 - ceil((ias - 12) / 9)`.
    pub fn new(kind: Kind, ias: u32) -> Self {
        let index_bits = ias - PAGE_SHIFT;
        let depth = index_bits.div_ceil(INDEX_BITS);
        let (start_level, root_bits) = match kind {
            Kind::Mali if depth < 4 => (0, 0),
            _ => (4 - depth as usize, index_bits - INDEX_BITS * (depth - 1)),
        };
        let mut levels = [Level {
            shift: 0,
            bits: INDEX_BITS,
            entry_bytes: 8,
        }; MAX_LEVELS];
        for (number, level) in levels.iter_mut().enumerate() {
            level.shift = PAGE_SHIFT + INDEX_BITS * (3 - number as u32);
        }
        levels[start_level].bits = root_bits;
        Self {
            kind,
            ias,
            start_level,
            levels,
        }
    }

    /// Which of the two formats.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Width of the VA in bits.
    pub fn ias(&self) -> u32 {
        self.ias
    }

    /// The architecture's number of the root's level; the last level is 3.
    pub fn start_level(&self) -> usize {
        self.start_level
    }

    fn is_page(&self, depth: usize) -> bool {
        depth + self.start_level == MAX_LEVELS - 1
    }

    /// Type bits of a leaf in a table `depth` below the root.
    fn leaf_type(&self, depth: usize) -> u64 {
        match self.kind {
            Kind::Stage1 if self.is_page(depth) => TYPE_TABLE,
            _ => TYPE_BLOCK,
        }
    }

    /// `iopte_leaf`.
    pub(super) fn is_leaf(&self, depth: usize, raw: u64) -> bool {
        raw & TYPE == self.leaf_type(depth)
    }

    /// The leaf entry for `pa` with the attribute bits of `prot_to_pte` or `inherit`.
    pub(super) fn leaf(&self, depth: usize, pa: u64, attributes: u64) -> u64 {
        attributes | self.leaf_type(depth) | (pa & ADDRESS)
    }

    /// Attribute bits that pages take over from the block `raw`.
    pub(super) fn inherit(raw: u64) -> u64 {
        raw & ATTRIBUTES
    }

    /// `arm_lpae_prot_to_pte`.
    pub(super) fn prot_to_pte(&self, prot: Prot) -> u64 {
        let mut pte = match self.kind {
            Kind::Stage1 => {
                let read_only = prot & (Prot::READ | Prot::WRITE) == Prot::READ;
                NOT_GLOBAL
                    | ACCESS_FLAG
                    | if read_only { READ_ONLY } else { 0 }
                    | if prot.contains(Prot::PRIV) {
                        0
                    } else {
                        UNPRIVILEGED
                    }
            }
            Kind::Mali => {
                (if prot.contains(Prot::READ) {
                    MALI_READ
                } else {
                    0
                }) | if prot.contains(Prot::WRITE) {
                    MALI_WRITE
                } else {
                    0
                }
            }
        };
        if prot.contains(Prot::MMIO) {
            pte |= INDEX_DEVICE;
        } else if prot.contains(Prot::CACHE) {
            pte |= INDEX_CACHED;
        }
        pte |= match self.kind {
            Kind::Stage1 if prot.contains(Prot::CACHE) => INNER_SHAREABLE,
            _ => OUTER_SHAREABLE,
        };
        if prot.contains(Prot::NOEXEC) {
            pte |= NEVER_EXECUTE;
        }
        pte
    }
}

impl Format for LpaeFormat {
    fn levels(&self) -> &[Level] {
        &self.levels[self.start_level..]
    }

    fn entry(&self, depth: usize, raw: u64) -> Entry {
        if self.is_leaf(depth, raw) {
            Entry::Leaf {
                pa: raw & ADDRESS,
                attributes: raw & !ADDRESS,
            }
        } else if raw & TYPE == TYPE_TABLE && !self.is_page(depth) {
            Entry::Table { pa: raw & ADDRESS }
        } else {
            Entry::Empty
        }
    }

    fn permits(&self, attributes: u64, access: Access) -> bool {
        match (self.kind, access) {
            (_, Access::Execute) if attributes & NEVER_EXECUTE != 0 => false,
            (Kind::Mali, Access::Write) => attributes & MALI_WRITE != 0,
            (Kind::Mali, _) => attributes & MALI_READ != 0,
            (Kind::Stage1, Access::Write) => {
                attributes & (UNPRIVILEGED | READ_ONLY) == UNPRIVILEGED
            }
            (Kind::Stage1, _) => attributes & UNPRIVILEGED != 0,
        }
    }

    fn va_end(&self) -> u64 {
        1 << self.ias
    }
}

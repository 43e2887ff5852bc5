//! How the firmware processor finds its memory: through the kernel's page tables (META), or a flat table of its own (MIPS).

use drm_core::PAGE_SHIFT;
use drm_core::sync::Arc;
use port_kit::mmu::rogue::{PageSize, RogueFormat};
use port_kit::mmu::{Access, MachineTables, TableMemory, View};

use crate::heap::FW_HEAP_BASE;

/// Where the processor begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boot {
    /// META: the page catalogue of the kernel's address space.
    Meta {
        /// Its physical address.
        catalogue: u64,
    },
    /// MIPS: `struct rogue_mipsfw_boot_data`, which says where the pages of the flat table are.
    Mips {
        /// Its physical address.
        boot_data: u64,
    },
}

/// Offset of `pt_phys_addr` in the boot data.
pub(crate) const BOOT_DATA_PT: u64 = 16;
/// Entries of the flat table in a page.
const MIPS_ENTRIES: u64 = 1024;
/// Bits of an entry: valid.
pub(crate) const MIPS_VALID: u32 = 1 << 1;
/// Where the frame number begins in an entry.
pub(crate) const MIPS_PFN_SHIFT: u32 = 6;
/// The frame number in an entry, for a bus of more than 32 bits.
pub(crate) const MIPS_PFN_MASK: u32 = 0x3fff_ffc0;

/// The memory of the firmware, by its own addresses.
pub(super) struct FwSpace {
    memory: Arc<MachineTables>,
    boot: Boot,
    heap_size: u64,
}

impl FwSpace {
    pub(super) fn new(memory: Arc<MachineTables>, boot: Boot, heap_size: u64) -> Self {
        Self {
            memory,
            boot,
            heap_size,
        }
    }

    /// Bytes of the heap.
    pub(super) fn heap_size(&self) -> u64 {
        self.heap_size
    }

    /// The physical address of an offset in the heap; upper bits of a firmware address choose caching only.
    fn translate(&self, addr: u64) -> Option<u64> {
        let offset = addr & (self.heap_size - 1);
        let pa = match self.boot {
            Boot::Meta { catalogue } => {
                let format = RogueFormat::new(PageSize::K4);
                let view = View::new(format, &*self.memory, catalogue);
                let va = FW_HEAP_BASE + offset;
                view.translate(va, Access::Read).ok()?.0
            }
            Boot::Mips { boot_data } => {
                let page = offset >> PAGE_SHIFT;
                let table = boot_data + BOOT_DATA_PT + 8 * (page / MIPS_ENTRIES);
                let table = self.memory.read64(table);
                let entry = self.memory.read32(table + 4 * (page % MIPS_ENTRIES));
                if entry & MIPS_VALID == 0 {
                    return None;
                }
                let frame = u64::from((entry & MIPS_PFN_MASK) >> MIPS_PFN_SHIFT);
                (frame << PAGE_SHIFT) | (offset & 0xfff)
            }
        };
        self.memory.machine().ram().contains(pa, 8).then_some(pa)
    }

    /// A 32-bit word; 0 where nothing is mapped, which the firmware would not survive.
    pub(super) fn read32(&self, addr: u64) -> u32 {
        self.translate(addr).map_or(0, |pa| self.memory.read32(pa))
    }

    pub(super) fn read64(&self, addr: u64) -> u64 {
        self.translate(addr).map_or(0, |pa| self.memory.read64(pa))
    }

    pub(super) fn write32(&self, addr: u64, value: u32) {
        if let Some(pa) = self.translate(addr) {
            self.memory.write32(pa, value);
        }
    }
}

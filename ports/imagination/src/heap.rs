//! The fixed heaps that user space may map in, and the areas in them that the firmware lays out (`pvr_vm.c`,
//! `pvr_rogue_heap_config.h`).

use drm_core::PAGE_SHIFT;

use crate::uapi::{Heap, StaticDataArea};

/// First address of the heap of the firmware, which user space never sees (`ROGUE_FW_HEAP_BASE`).
pub const FW_HEAP_BASE: u64 = 0xe1_c000_0000;

/// Index of each heap in [`HEAPS`] (`enum drm_pvr_heap_id`).
#[expect(
    missing_docs,
    reason = "the names are the documentation: enum drm_pvr_heap_id"
)]
pub mod id {
    pub const GENERAL: usize = 0;
    pub const PDS_CODE_DATA: usize = 1;
    pub const USC_CODE: usize = 2;
    pub const RGNHDR: usize = 3;
    pub const VIS_TEST: usize = 4;
    pub const TRANSFER_FRAG: usize = 5;
}

const GIB: u64 = 1 << 30;
const MIB: u64 = 1 << 20;

/// The heaps (`pvr_heaps`).
pub const HEAPS: [Heap; 6] = [
    heap(0x80_0000_0000, 128 * GIB),
    heap(0xda_0000_0000, 4 * GIB),
    heap(0xe0_0000_0000, 4 * GIB),
    heap(0xdb_f000_0000, 256 * MIB),
    heap(0xf2_0000_0000, 2 * MIB),
    heap(0xe4_0000_0000, 16 * GIB),
];

const fn heap(base: u64, size: u64) -> Heap {
    Heap {
        base,
        size,
        flags: 0,
        page_size_log2: PAGE_SHIFT,
    }
}

/// What the firmware keeps at the start of heaps (`static_data_areas`). User space is only told: nothing stops it from
/// mapping there.
pub const STATIC_DATA_AREAS: [StaticDataArea; 5] = [
    area(usage::FENCE, id::GENERAL, 0, 128),
    area(usage::YUV_CSC, id::GENERAL, 128, 1024),
    area(usage::VDM_SYNC, id::PDS_CODE_DATA, 0, 128),
    area(usage::EOT, id::PDS_CODE_DATA, 128, 128),
    area(usage::VDM_SYNC, id::USC_CODE, 0, 128),
];

/// `enum drm_pvr_static_data_area_usage`.
mod usage {
    pub(super) const EOT: u16 = 0;
    pub(super) const FENCE: u16 = 1;
    pub(super) const VDM_SYNC: u16 = 2;
    pub(super) const YUV_CSC: u16 = 3;
}

const fn area(area_usage: u16, heap: usize, offset: u64, size: u32) -> StaticDataArea {
    StaticDataArea {
        area_usage,
        location_heap_id: heap as u16,
        size,
        offset,
    }
}

/// The heap that holds the whole range, by index (`pvr_find_heap_containing`). The heap of region headers is only there
/// `with_rgnhdr`. An empty range is in none: one is subtracted first, and the sum overflows.
#[must_use]
pub fn containing(start: u64, size: u64, with_rgnhdr: bool) -> Option<usize> {
    let last = start.checked_add(size.wrapping_sub(1))?;
    HEAPS.iter().enumerate().position(|(id, heap)| {
        let present = id != self::id::RGNHDR || with_rgnhdr;
        present && heap.base <= start && last < heap.base + heap.size
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_in_one_heap_or_in_none() {
        let general = HEAPS[id::GENERAL];
        let end = general.base + general.size;
        let cases = [
            (general.base, 0x1000, false, Some(id::GENERAL)),
            (end - 0x1000, 0x1000, false, Some(id::GENERAL)),
            (end - 0x1000, 0x2000, false, None),
            (0x1000, 0x1000, false, None),
            (0xdb_f000_0000, 0x1000, false, None),
            (0xdb_f000_0000, 0x1000, true, Some(id::RGNHDR)),
            (u64::MAX, 2, false, None),
            (general.base + 0x1000, 0, false, None),
            (0, 0, false, None),
        ];
        for (start, size, with_rgnhdr, heap) in cases {
            assert_eq!(
                containing(start, size, with_rgnhdr),
                heap,
                "{start:#x}+{size:#x}"
            );
        }
    }
}

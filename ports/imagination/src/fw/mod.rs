//! The firmware as the driver sees it: its heap, its objects, its start and its reset (`pvr_fw.c`).

mod boot;
mod mips;
mod object;

use drm_core::mm::Mm;
use drm_core::sync::{Arc, Mutex};

pub(crate) use boot::FwMem;
pub use object::FwObject;
pub(crate) use object::Mapped;

use crate::buffer::PvrGem;
use crate::features::Processor;
use crate::heap::FW_HEAP_BASE;
use mips::MipsTable;

/// Size of each of the three structs of the configuration area (`PVR_ROGUE_FW_CONFIG_HEAP_GRANULARITY`).
const CONFIG_GRANULARITY: u32 = 64 << 10;

/// How the heap of the firmware is divided (`pvr_fw_heap_info_init`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeapInfo {
    /// Bytes in all.
    pub raw_size: u32,
    /// Bytes that objects without a fixed place are in.
    pub size: u32,
    /// Where the configuration area begins.
    pub config_offset: u32,
}

impl HeapInfo {
    fn new(processor: Processor) -> Self {
        let (log2, reserved) = match processor {
            Processor::Meta => (25, 0),
            Processor::Mips => (24, 1 << 20),
        };
        let raw_size = 1 << log2;
        let config = 3 * CONFIG_GRANULARITY;
        Self {
            raw_size,
            size: raw_size - (config + reserved),
            config_offset: raw_size - config,
        }
    }
}

/// `struct pvr_fw_device`.
pub(crate) struct FwDevice<B: PvrGem> {
    pub(crate) heap: HeapInfo,
    mm: Mutex<Mm>,
    /// Every object, in the order of creation: what a hard reset makes anew.
    objects: Mutex<Vec<Arc<FwObject<B>>>>,
    /// The flat page table of a MIPS processor.
    mips: Mutex<Option<MipsTable>>,
    mem: Mutex<Option<Arc<FwMem<B>>>>,
}

impl<B: PvrGem> FwDevice<B> {
    pub(crate) fn new(processor: Processor) -> Self {
        let heap = HeapInfo::new(processor);
        Self {
            heap,
            mm: Mutex::new(Mm::new(FW_HEAP_BASE, heap.raw_size.into())),
            objects: Mutex::default(),
            mips: Mutex::default(),
            mem: Mutex::default(),
        }
    }
}

//! Address ranges of the two generations (`ivpu_hw.c: memory_ranges_init`).

use std::ops::Range;

/// Which hardware.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Generation {
    /// Meteor Lake, Arrow Lake.
    #[default]
    Ip37xx,
    /// Lunar Lake and later.
    Ip40xx,
}

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// The ranges of device addresses, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranges {
    /// Of the kernel and the firmware, in the global context.
    pub global: Range<u64>,
    /// Of BOs without a flag.
    pub user: Range<u64>,
    /// Of BOs with `SHAVE_MEM`.
    pub shave: Range<u64>,
    /// Of BOs with `DMA_MEM`.
    pub dma: Range<u64>,
}

impl Ranges {
    pub(crate) fn of(generation: Generation) -> Self {
        let range = |start: u64, size: u64| start..start + size;
        let (user, shave) = match generation {
            Generation::Ip37xx => (range(0xc000_0000, 255 * MIB), range(0x1_8000_0000, 2 * GIB)),
            Generation::Ip40xx => (
                range(0x8000_0000, 256 * MIB),
                range(0x9000_0000, 2 * GIB - 256 * MIB),
            ),
        };
        Self {
            global: range(0x8000_0000, 512 * MIB),
            user,
            shave,
            dma: range(0x2_0000_0000, 8 * GIB),
        }
    }

    /// What the allocator of the global context manages.
    pub(crate) fn global_context(&self) -> Range<u64> {
        self.global.start..self.shave.end
    }

    /// What the allocator of a file's context manages.
    pub(crate) fn user_context(&self) -> Range<u64> {
        self.user.start..self.dma.end
    }

    /// Bits that the device can put on the bus.
    pub(crate) fn dma_bits(generation: Generation) -> u32 {
        match generation {
            Generation::Ip37xx => 38,
            Generation::Ip40xx => 48,
        }
    }
}

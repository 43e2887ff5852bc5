//! The ground floor: one simulated machine with real memory, and what the DRM core gives to every
//! memory library.
//!
//! Nothing here knows a memory library. [`machine::Machine`] is the hardware (RAM, swap, DMA, reclaim),
//! [`device::Device`] and [`device::File`] are the DRM device and its open files, [`gem`] is the object
//! and its handles, [`prime`] the sharing of buffers, [`resv`] the lock and the fences of an object,
//! [`mmap`] what a process sees. Everything is deterministic: same calls, same frames, same trace.

pub mod device;
pub mod dma;
pub mod errno;
pub mod exec;
pub mod gem;
pub mod gpuvm;
mod kref;
pub mod machine;
pub mod memory;
pub mod mm;
pub mod mmap;
pub mod prime;
#[cfg(feature = "recording")]
pub mod recording;
pub mod resv;
pub mod sync;
pub mod syncobj;

pub use errno::{Errno, Result};

/// Bytes in a page. Every size that the kernel rounds, it rounds to this.
pub const PAGE_SIZE: u64 = 4096;
/// `log2` of [`PAGE_SIZE`].
pub const PAGE_SHIFT: u32 = 12;

/// Rounds `bytes` up to whole pages; wraps to 0 near `u64::MAX`, as `PAGE_ALIGN` does.
#[must_use]
pub const fn page_align(bytes: u64) -> u64 {
    bytes.wrapping_add(PAGE_SIZE - 1) & !(PAGE_SIZE - 1)
}

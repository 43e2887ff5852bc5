//! Sites in the body of a macro whose uses agree, and code that the compiler does not see.

use drm_core::gem::Gem;

use crate::objects::Buffer;

/// All of its uses are buffers: what stands there is certain.
macro_rules! vmaps {
    ($buffer:expr) => {
        $buffer.shmem.racy().vmap_use_count // of a buffer
    };
    ($buffer:expr, $other:expr) => {
        vmaps!($buffer) + vmaps!($other)
    };
}

/// Counts one buffer three times.
pub fn hidden(buffer: &Gem<Buffer>) -> u32 {
    vmaps!(buffer, buffer) + vmaps!(*buffer)
}

/// Not built without its feature.
#[cfg(feature = "extra")]
pub fn extra(buffer: &Gem<Buffer>) -> bool {
    buffer.shmem.is_purgeable()
}

//! Code that the compiler does not see, and what only a person can decide.

use drm_core::gem::Gem;

use crate::objects::Buffer;

macro_rules! count {
    ($buffer:expr) => {
        $buffer.shmem.racy().vmap_use_count
    };
}

/// A site in the body of a macro.
pub fn hidden(buffer: &Gem<Buffer>) -> u32 {
    count!(buffer)
}

/// Not built without its feature.
#[cfg(feature = "extra")]
pub fn extra(buffer: &Gem<Buffer>) -> bool {
    buffer.shmem.is_purgeable()
}

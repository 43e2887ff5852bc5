//! Line ends of another system.

use drm_core::gem::Gem;

use crate::objects::Buffer;

/// Whether it is mapped.
pub fn mapped(buffer: &Gem<Buffer>) -> bool {
    // A comment   with   spaces.
    buffer.shmem.racy().sgt.is_some()
}

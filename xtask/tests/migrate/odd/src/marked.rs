//! A byte order mark.

use drm_core::gem::Gem;

use crate::objects::Buffer;

/// Its size.
pub fn marked(buffer: &Gem<Buffer>) -> u64 {
    buffer.shmem.base.size()
}

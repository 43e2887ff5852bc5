//! Sites in the arguments of macros.

use drm_core::gem::Gem;

use crate::objects::Buffer;

/// What `assert!` and `vec!` are given.
pub fn asserted(buffer: &Gem<Buffer>) -> Vec<u8> {
    assert!(buffer.shmem.racy().sgt.is_none(), "mapped: {}", buffer.shmem.racy().vmap_use_count);
    vec![0; buffer.shmem.base.size() as usize]
}

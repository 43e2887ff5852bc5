//! Größen, mit Umlauten: ΑΒΓ 🦀.

use drm_core::gem::Gem;

use crate::objects::Buffer;

/// Größe in Bytes, „wie sie ist“.
pub fn größe(puffer: &Gem<Buffer>) -> u64 {
    /* 🦀🦀🦀 */ let größe = puffer.shmem.base.size(); /* ΑΒΓ */ größe + u64::from(puffer.shmem.racy().vmap_use_count)
}

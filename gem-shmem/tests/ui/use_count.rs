//! Counts are printed, never read or written.

use drm_core::gem::Gem;
use gem_shmem::Object;

fn keep(object: &Gem<Object>) -> u32 {
    object.pages_use_count
}

fn main() {}

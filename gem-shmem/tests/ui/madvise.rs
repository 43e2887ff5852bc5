//! These buffers are kept: there is no advice, and no purge.

use drm_core::gem::Gem;
use gem_shmem::Object;

fn give_up(object: &Gem<Object>) {
    object.madvise(1);
}

fn main() {}

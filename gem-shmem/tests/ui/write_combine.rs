//! CPU mappings are cached.

use drm_core::gem::Gem;
use gem_shmem::Object;

fn uncached(object: &Gem<Object>) {
    object.map_wc.set(true);
}

fn main() {}

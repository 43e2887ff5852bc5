//! Pages are lent by a `Vmap`, one by one; nobody sees the array.

use drm_core::gem::Gem;
use gem_shmem::Object;

fn fill_by_hand(object: &Gem<Object>) {
    object.pages = Some(Vec::new());
}

fn main() {}

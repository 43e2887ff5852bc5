//! The object cannot be moved out of its reference, to be wrapped in another.

use drm_core::gem::Gem;
use gem_shmem::Object;

fn unwrap(object: Gem<Object>) -> Object {
    *object
}

fn main() {}

//! A mapping cannot be made up.

use drm_core::gem::{Gem, IosysMap};
use gem_shmem::{Object, Vmap};

fn pretend(object: Gem<Object>, map: IosysMap) -> Vmap {
    Vmap { object, map }
}

fn main() {}

//! A mapping is given up by dropping it, once.

use gem_shmem::Vmap;

fn twice(vmap: Vmap) {
    drop(vmap);
    drop(vmap);
}

fn main() {}

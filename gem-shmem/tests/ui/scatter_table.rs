//! No device reads these buffers in place: there is no scatter table to ask for.

use drm_core::gem::Gem;
use gem_shmem::Object;

fn map_for_the_device(object: &Gem<Object>) {
    let _table = object.get_pages_sgt();
}

fn main() {}

//! A page by index needs the guard of a mapping: an object alone may have no pages.

use drm_core::gem::Gem;
use gem_shmem::Object;

fn fault(object: &Gem<Object>) {
    let _page = object.page(0);
}

fn main() {}

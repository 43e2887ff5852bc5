//! The GEM operations of the type are its own; a driver cannot replace one.

use drm_core::gem::{self, Header};
use gem_shmem::Object;

impl gem::Object for Object {
    fn gem(&self) -> &Header {
        unimplemented!()
    }
}

fn main() {}

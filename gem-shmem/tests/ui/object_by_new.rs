//! There is no empty object to be filled in later.

use drm_core::device::Device;
use gem_shmem::Object;

fn empty(dev: &Device) {
    let _ = Object::new(dev);
}

fn main() {}

//! An object comes from `create`, `dumb_create` or `prime_import`, complete.

use drm_core::device::Device;
use drm_core::gem::Header;
use gem_shmem::Object;

fn half_initialised(dev: &Device) -> Object {
    Object {
        base: Header::new_private(dev, 4096),
    }
}

fn main() {}

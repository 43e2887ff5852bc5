//! The type takes no driver as a parameter.

use drm_core::gem::Gem;
use gem_shmem::Object;

struct Driver;

fn take(_object: Gem<Object<Driver>>) {}

fn main() {}

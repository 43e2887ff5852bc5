//! What an object is stands in a field that no driver can name.

use drm_core::gem::Gem;
use gem_shmem::Object;

fn is_own(object: &Gem<Object>) -> bool {
    matches!(object.kind, _)
}

fn main() {}

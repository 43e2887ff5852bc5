//! There is no constructor of a driver's own (`gem_create_object`).

use drm_core::device::Device;
use gem_shmem::{CreateObject, Object};

struct DriverObject;

impl CreateObject for DriverObject {
    fn gem_create_object(_dev: &Device, _base: Object) -> drm_core::Result<Self> {
        Ok(DriverObject)
    }
}

fn main() {}

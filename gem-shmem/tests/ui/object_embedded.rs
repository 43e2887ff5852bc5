//! A driver's struct can hold a reference to an object, not the object: there is no subclass.

use drm_core::device::Device;
use gem_shmem::Object;

struct DriverObject {
    base: Object,
    in_use_by_the_gpu: bool,
}

fn create(dev: &Device) -> drm_core::Result<DriverObject> {
    Ok(DriverObject {
        base: Object::create(dev, 4096)?,
        in_use_by_the_gpu: false,
    })
}

fn main() {}

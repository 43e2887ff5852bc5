use drm_core::resv::ResvGuard;
use gem_uma::{Backing, DeviceMap, Eviction};

fn shrink(guard: &mut ResvGuard, backing: &Backing, dmap: &DeviceMap) -> u64 {
    Eviction::begin(guard, backing)
        .unwrap()
        .unmap_device(Some(dmap))
        .unwrap()
        .release()
}

fn main() {}

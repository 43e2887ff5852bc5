use drm_core::gem::Header;
use drm_core::resv::ResvGuard;
use gem_uma::{Backing, Eviction};

fn shrink(guard: &mut ResvGuard, gem: &Header, backing: &Backing) -> u64 {
    let eviction = Eviction::begin(guard, backing).unwrap().zap(gem);
    let _pin = backing.pin(guard).unwrap();
    let eviction = eviction.unmap_gpu(None).unwrap();
    eviction.unmap_device(None).unwrap().release()
}

fn main() {}

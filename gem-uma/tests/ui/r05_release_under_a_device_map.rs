use drm_core::gem::Header;
use drm_core::resv::ResvGuard;
use gem_uma::{Backing, Eviction, GpuMaps};

fn shrink(guard: &mut ResvGuard, gem: &Header, backing: &Backing, gpu: &dyn GpuMaps) -> u64 {
    Eviction::begin(guard, backing)
        .unwrap()
        .zap(gem)
        .unmap_gpu(Some(gpu))
        .unwrap()
        .release()
}

fn main() {}

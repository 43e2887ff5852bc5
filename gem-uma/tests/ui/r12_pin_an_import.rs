use drm_core::resv::ResvGuard;
use gem_uma::Import;

fn job(import: &Import, guard: &mut ResvGuard) {
    let _pin = import.pin(guard);
}

fn main() {}

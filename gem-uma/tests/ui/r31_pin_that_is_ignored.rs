#![deny(unused_must_use)]

use drm_core::Result;
use drm_core::resv::ResvGuard;
use gem_uma::Backing;

fn job(backing: &Backing, guard: &mut ResvGuard) -> Result {
    backing.pin(guard)?;
    Ok(())
}

fn main() {}

//! An access ends before what it accesses is unmapped.

use drm_core::prime::Direction;
use gem_shmem::ShadowMaps;

fn outlive(maps: ShadowMaps) -> drm_core::Result {
    let access = maps.cpu_access(Direction::FromDevice)?;
    drop(maps);
    drop(access);
    Ok(())
}

fn main() {}

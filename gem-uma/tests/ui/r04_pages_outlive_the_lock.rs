use drm_core::resv::Resv;
use gem_uma::Backing;

fn dump(backing: &Backing, resv: &Resv) -> u64 {
    let guard = resv.lock();
    let pages = backing.pages(&guard).unwrap();
    drop(guard);
    pages.phys(0).unwrap()
}

fn main() {}

use drm_core::memory::Page;
use drm_core::resv::ResvGuard;
use gem_uma::Backing;

fn fault(backing: &Backing, guard: &mut ResvGuard, page: Page) {
    let mut pages = backing.populate(guard).unwrap();
    pages[7] = page;
}

fn main() {}

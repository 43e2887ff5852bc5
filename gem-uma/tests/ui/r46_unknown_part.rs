use drm_core::gem::Header;
use gem_uma::{Backing, UmaObject};

#[derive(UmaObject)]
struct Bo {
    #[uma(gem)]
    gem: Header,
    #[uma(baking)]
    backing: Backing,
}

fn main() {}

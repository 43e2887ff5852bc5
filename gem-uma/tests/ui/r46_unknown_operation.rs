use drm_core::gem::Header;
use gem_uma::{Backing, UmaObject};

#[derive(UmaObject)]
#[uma(vmapp = Bo::map, status = refuse(EINVAL), pin = none, backing = Bo::back)]
struct Bo {
    #[uma(gem)]
    gem: Header,
    #[uma(backing)]
    backing: Backing,
}

#[derive(UmaObject)]
#[uma(status = refuse(EINVAL))]
struct Other {
    #[uma(gem)]
    gem: Header,
}

#[derive(UmaObject)]
#[uma(pin = none)]
struct Third {
    #[uma(gem)]
    gem: Header,
}

#[derive(UmaObject)]
#[uma(backing = Fourth::back)]
struct Fourth {
    #[uma(gem)]
    gem: Header,
}

fn main() {}

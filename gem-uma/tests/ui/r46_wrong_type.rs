use drm_core::gem::Header;
use gem_uma::{Backing, DeviceMap, UmaObject};

#[derive(UmaObject)]
struct Bo {
    #[uma(gem)]
    gem: Header,
    #[uma(backing)]
    backing: DeviceMap,
    #[uma(device_map)]
    dmap: Backing,
}

fn main() {}

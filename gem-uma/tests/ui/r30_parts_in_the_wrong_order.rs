use drm_core::gem::Header;
use gem_uma::{Backing, CpuMap, DeviceMap, UmaObject};

#[derive(UmaObject)]
struct Bo {
    #[uma(gem)]
    gem: Header,
    #[uma(cpu_map)]
    cmap: CpuMap,
    #[uma(device_map)]
    dmap: DeviceMap,
    #[uma(backing)]
    backing: Backing,
}

fn main() {}

use drm_core::gem::Header;
use gem_uma::{CpuMap, GranuleMap, UmaObject};

#[derive(UmaObject)]
struct Bo {
    #[uma(gem)]
    gem: Header,
    #[uma(granule_map)]
    chunks: GranuleMap,
    #[uma(cpu_map)]
    cmap: CpuMap,
    #[uma(cpu_map)]
    again: CpuMap,
}

#[derive(UmaObject)]
enum Either {
    Native,
    Imported,
}

fn main() {}

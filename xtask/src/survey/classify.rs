//! The class of a driver, derived from what it does, with the evidence.

use std::collections::BTreeMap;

use super::c::infer::Unit;
use super::drivers::{Candidate, OPTION};
use super::report::{Class, Trait};
use super::sites::{Found, Site, What};

/// Names that show a trait. A whole name, or its beginning where it ends with `*`.
const SHOWS: [(Trait, &[&str]); 6] = [
    (Trait::Gpuvm, &["drm_gpuvm_*", "drm_gpuva_*"]),
    (Trait::DrmMm, &["drm_mm_insert_node*"]),
    (
        Trait::Shrinker,
        &["shrinker_register", "register_shrinker", "drm_gem_lru_scan"],
    ),
    (Trait::ZoneMask, &["mapping_set_gfp_mask"]),
    (Trait::Modeset, &["DRIVER_MODESET"]),
    (
        Trait::Coherency,
        &["dev_is_dma_coherent", "device_get_dma_attr", "coherent"],
    ),
];

/// What a unit uses that decides how memory is managed, each with where.
pub(crate) fn traits(unit: Unit<'_>) -> BTreeMap<Trait, String> {
    let mut out = BTreeMap::new();
    for file in unit.files {
        for (index, token) in file.tokens.list.iter().enumerate() {
            let word = file.word(index);
            let shown = SHOWS.iter().find(|(_, names)| {
                names.iter().any(|name| match name.strip_suffix('*') {
                    Some(beginning) => word.starts_with(beginning),
                    None => word == *name,
                })
            });
            if let Some((it, _)) = shown {
                out.entry(*it)
                    .or_insert_with(|| format!("{}:{}", file.path, file.line(token.start)));
            }
        }
    }
    out
}

/// The class, and why.
pub(crate) fn classify(
    candidate: &Candidate,
    found: &Found,
    traits: &BTreeMap<Trait, String>,
) -> (Class, Vec<String>) {
    let mut why = Vec::new();
    for it in &candidate.selected {
        why.push(format!(
            "{} selects {OPTION} ({}:{})",
            it.option, it.file, it.line
        ));
    }
    if candidate.selected.is_empty() {
        why.push(format!(
            "found by use; no option that selects {OPTION} builds it"
        ));
    }
    let is_test =
        candidate.selected.iter().any(|it| it.is_test) || candidate.path.contains("/tests/");
    if is_test {
        why.push("built for KUnit".to_owned());
        return (Class::Test, why);
    }
    if let Some(site) = device_reads(&found.sites) {
        why.push(format!(
            "a device reaches the pages: {} ({}:{})",
            site.symbol, site.file, site.line
        ));
        return (Class::Uma, why);
    }
    match traits.get(&Trait::Modeset) {
        Some(place) => {
            why.push(format!("a display driver: DRIVER_MODESET ({place})"));
            why.push("no scatter table is asked for or touched: the CPU copies".to_owned());
            (Class::KmsSimple, why)
        }
        None => {
            why.push(
                "no DRIVER_MODESET, and no scatter table is asked for: it only gives out buffers"
                    .to_owned(),
            );
            (Class::Provider, why)
        }
    }
}

/// The first site that shows a device at the pages: the mapped scatter table is asked for, or used.
fn device_reads(sites: &[Site]) -> Option<&Site> {
    let asks = |site: &&Site| {
        matches!(site.what, What::Call | What::Callback)
            && site.symbol.starts_with("drm_gem_shmem_get_pages_sgt")
    };
    sites
        .iter()
        .find(asks)
        .or_else(|| sites.iter().find(|site| site.symbol == "sgt"))
}

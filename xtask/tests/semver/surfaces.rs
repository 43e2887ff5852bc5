//! The surfaces, as snapshots: a change is seen in `cargo xtask review`.

use std::path::Path;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

#[cfg(feature = "public-api")]
#[test]
fn gem_shmem() {
    let surface = xtask::semver::api::surface(root(), "gem-shmem").expect("a surface");
    insta::assert_snapshot!("gem_shmem", surface);
}

#[cfg(feature = "public-api")]
#[test]
fn gem_uma() {
    let surface = xtask::semver::api::surface(root(), "gem-uma").expect("a surface");
    insta::assert_snapshot!("gem_uma", surface);
}

#[test]
fn migrate_macros() {
    let surface = xtask::semver::grammar::surface(root()).expect("a grammar");
    insta::assert_snapshot!("migrate_macros", surface);
}

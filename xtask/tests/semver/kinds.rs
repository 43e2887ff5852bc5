//! One small crate, and one change of it per way to break: each is found in its text, by its name.

use std::path::Path;

use xtask::semver::api::surface;
use xtask::semver::compare::{Kind, compare};

const MANIFEST: &str = "[package]\nname = \"small\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[features]\nextra = []\n\n[workspace]\n";

const SOURCE: &str = "pub struct Bo { pub size: u64 }

impl Bo {
    pub fn map(&self, at: u32) -> u32 { at }
    pub fn unmap(&self) {}
}

pub trait Part {
    fn open(&self);
    fn close(&self) {}
}

pub enum State { Mapped, Evicted }
";

fn small(folder: &Path, manifest: &str, source: &str) -> String {
    std::fs::create_dir_all(folder.join("src")).expect("a folder");
    std::fs::write(folder.join("Cargo.toml"), manifest).expect("written");
    std::fs::write(folder.join("src/lib.rs"), source).expect("written");
    surface(folder, "small").expect("a surface")
}

#[test]
fn every_way_to_break_is_found_and_named() {
    let dir = tempfile::tempdir().expect("a folder");
    let old = small(dir.path(), MANIFEST, SOURCE);
    assert!(
        old.contains("pub fn small::Bo::map(&self, u32) -> u32"),
        "{old}"
    );
    assert!(old.contains("required small::Part::open\n"), "{old}");
    assert!(!old.contains("required small::Part::close"), "{old}");

    let source = |from: &str, to: &str| (MANIFEST.to_owned(), SOURCE.replace(from, to));
    for (what, (manifest, changed), kind, item) in [
        (
            "a parameter's type",
            source("at: u32) -> u32 { at }", "at: u64) -> u32 { at as u32 }"),
            Kind::Changed,
            "small::Bo::map",
        ),
        (
            "a method vanished",
            source("pub fn unmap(&self) {}", ""),
            Kind::Removed,
            "small::Bo::unmap",
        ),
        (
            "a required method",
            source("fn open(&self);", "fn open(&self);\n    fn evict(&self);"),
            Kind::MethodRequired,
            "small::Part::evict",
        ),
        (
            "a private field",
            source("pub size", "size"),
            Kind::Removed,
            "small::Bo::size",
        ),
        (
            "a feature vanished",
            (MANIFEST.replace("extra = []\n", ""), SOURCE.to_owned()),
            Kind::FeatureRemoved,
            "feature extra",
        ),
        (
            "an enum grew",
            source("Evicted }", "Evicted, Purged }"),
            Kind::VariantAdded,
            "small::State::Purged",
        ),
    ] {
        let changes = compare(&old, &small(dir.path(), &manifest, &changed));
        let breaking: Vec<_> = changes
            .iter()
            .filter(|change| change.kind.breaks())
            .map(|change| (change.kind, change.item.as_str()))
            .collect();
        assert_eq!(breaking, [(kind, item)], "{what}: {changes:?}");
    }

    // What breaks nobody: a method with a body, a method of a type, a variant behind `non_exhaustive`.
    for (from, to) in [
        (
            "fn close(&self) {}",
            "fn close(&self) {}\n    fn evict(&self) {}",
        ),
        (
            "pub fn unmap(&self) {}",
            "pub fn unmap(&self) {}\n    pub fn sync(&self) {}",
        ),
        ("pub enum State", "pub struct More;\npub enum State"),
    ] {
        let changes = compare(
            &old,
            &small(dir.path(), MANIFEST, &SOURCE.replace(from, to)),
        );
        assert!(!changes.is_empty(), "{to}");
        assert!(
            changes.iter().all(|change| !change.kind.breaks()),
            "{changes:?}"
        );
    }
}

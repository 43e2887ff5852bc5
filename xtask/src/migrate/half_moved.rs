//! A half-moved driver says of every site that waits, once and with its finding, that it does.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::check::check;
use super::krate;
use super::locate::{deprecations, locate};
use super::manifest::with_gem_uma;
use super::plan::{Only, plan};
use super::rules;
use super::stage::{Bridge, Hand};
use super::verify::files_below;
use super::write::NewFile;
use crate::findings::Number;

/// A crate made of a folder of `tests/migrate`.
fn made_of(name: &str) -> tempfile::TempDir {
    let made = tempfile::tempdir().expect("a folder");
    let data = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/migrate")
        .join(name);
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for path in files_below(&data) {
        let relative = path.strip_prefix(&data).expect("below");
        let to = made
            .path()
            .join(relative.to_string_lossy().trim_end_matches(".in"));
        let text = std::fs::read_to_string(&path).expect("text");
        std::fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
        std::fs::write(
            to,
            text.replace("@WORKSPACE@", &workspace.display().to_string()),
        )
        .expect("a file");
    }
    made
}

fn counted(findings: impl IntoIterator<Item = Number>) -> BTreeMap<Number, usize> {
    let mut counts = BTreeMap::new();
    for finding in findings {
        *counts.entry(finding).or_default() += 1;
    }
    counts
}

#[test]
fn a_half_moved_driver_has_one_warning_for_each_site_that_waits() {
    let made = made_of("waits");
    let krate = krate::at(made.path()).expect("a crate");
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/migrate");
    let sites = locate(&krate, &target.join("locate")).expect("it compiles");
    let files: Vec<PathBuf> = files_below(&krate.before);
    let plan = plan(&files, &sites, &Only::default()).expect("a plan");
    let mut waiting: BTreeSet<Number> = plan.waiting();
    let first = waiting.len();
    loop {
        let texts = plan
            .stage(&waiting, Bridge::Stays, Hand::Waits)
            .expect("a stage")
            .into_iter();
        let mut files: Vec<NewFile> = texts
            .zip(&plan.sources)
            .map(|((path, text), source)| {
                let text = rules::imports(source, text, &krate.dependency, true).expect("imports");
                NewFile { path, text }
            })
            .collect();
        files.extend(with_gem_uma(&krate.root, &krate.dependency).expect("a manifest"));
        let said = deprecations(&check(&krate, &files, &target).expect("it compiles"));
        let waits = plan.waiting_sites(&waiting).map(|site| site.site.finding);
        assert_eq!(counted(said), counted(waits), "while {waiting:?} wait");
        if waiting.pop_first().is_none() {
            break;
        }
    }
    let kinds: BTreeSet<u8> = plan
        .waiting_sites(&plan.waiting())
        .map(|site| site.site.finding.0)
        .collect();
    let expected = [
        3, 4, 5, 6, 8, 9, 10, 11, 15, 16, 18, 19, 20, 21, 22, 23, 24, 29, 30,
    ];
    assert_eq!(kinds, BTreeSet::from(expected));
    assert!(first > 10 && plan.by_hand().count() > 5);
}

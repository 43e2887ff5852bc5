//! The scenarios, run on every side that there is, one snapshot each.

#[path = "scenarios/mod.rs"]
mod scenarios;

use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn every_scenario_is_listed_and_has_one_snapshot() {
    let listed: BTreeSet<String> = scenarios::ALL
        .iter()
        .map(|scenario| scenario.name.to_owned())
        .collect();
    assert_eq!(listed.len(), scenarios::ALL.len(), "a name is there twice");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/snapshots");
    let stored: BTreeSet<String> = std::fs::read_dir(folder)
        .expect("the snapshots")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter_map(|name| {
            let stem = name.strip_suffix(".snap")?;
            Some(stem.rsplit("__").next()?.to_owned())
        })
        .collect();
    assert_eq!(listed, stored);
}

//! `RULES.md` and the tests name the same rules.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The `rNN_..` functions below a folder.
fn tests(folder: &Path, found: &mut BTreeMap<String, BTreeSet<String>>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            tests(&path, found);
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        for line in text.lines() {
            let Some(name) = line.trim().strip_prefix("fn r") else {
                continue;
            };
            let name = format!("r{}", name.split('(').next().unwrap_or_default());
            let Some((number, _)) = name.split_once('_') else {
                continue;
            };
            if number.len() == 3 && number[1..].chars().all(|c| c.is_ascii_digit()) {
                found
                    .entry(number.to_owned())
                    .or_default()
                    .insert(name.clone());
            }
        }
    }
}

#[test]
fn the_document_and_the_tests_name_the_same_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeMap::new();
    tests(&root.join("tests"), &mut found);
    let document = std::fs::read_to_string(root.join("RULES.md")).expect("RULES.md");
    let mut written = BTreeMap::new();
    for line in document.lines().filter(|line| line.starts_with("| R")) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        assert_eq!(cells.len(), 5, "{line}");
        let number = cells[0].to_lowercase();
        let named: BTreeSet<String> = cells[4]
            .split('`')
            .filter(|name| name.starts_with('r'))
            .map(str::to_owned)
            .collect();
        assert!(!named.is_empty(), "{number} has no test");
        assert!(cells[1..4].iter().all(|cell| cell.len() > 3), "{number}");
        assert!(written.insert(number, named).is_none(), "{line}: twice");
    }
    let names = |rules: &BTreeMap<String, BTreeSet<String>>| -> BTreeSet<String> {
        rules.values().flatten().cloned().collect()
    };
    let (named, there) = (names(&written), names(&found));
    let missing: Vec<_> = named.difference(&there).collect();
    assert!(
        missing.is_empty(),
        "RULES.md names tests that are not there: {missing:?}"
    );
    let unnamed: Vec<_> = there.difference(&named).collect();
    assert!(
        unnamed.is_empty(),
        "tests that RULES.md does not name: {unnamed:?}"
    );
    assert_eq!(written, found);
    let numbers: Vec<String> = (1..=written.len()).map(|n| format!("r{n:02}")).collect();
    assert_eq!(written.keys().cloned().collect::<Vec<_>>(), numbers);
}

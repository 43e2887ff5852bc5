//! The recordings of the real driver, line by line.

#[path = "mod.rs"]
mod replay;

use drm_core::recording::{Mismatch, Recording, Report};
use port_kit::Side;

const FIXED: &[u8] = include_bytes!("../../data/panfrost.txt.xz");
const COHERENT: &[u8] = include_bytes!("../../data/panfrost-coherent.txt.xz");
const RANDOM: &[u8] = include_bytes!("../../data/panfrost-r1.txt.xz");

fn recording(name: &str, bytes: &[u8]) -> Recording {
    Recording::from_bytes(name, bytes).expect("a recording")
}

fn replay(name: &str, bytes: &[u8], side: Side) -> Report {
    replay::compare::replay(&recording(name, bytes), side).expect("this side is there")
}

#[test]
fn the_before_side_answers_the_fixed_suite_as_the_real_driver() {
    let report = replay("panfrost.txt", FIXED, Side::Before);
    assert!(report.agrees(), "{report}");
    assert_eq!(report.compared(), 930);
}

#[test]
fn the_before_side_answers_on_a_coherent_device_as_the_real_driver() {
    let report = replay("panfrost-coherent.txt", COHERENT, Side::Before);
    assert!(report.agrees(), "{report}");
    assert_eq!(report.compared(), 930);
}

#[test]
fn the_before_side_answers_random_operations_as_the_real_driver() {
    let report = replay("panfrost-r1.txt", RANDOM, Side::Before);
    assert!(report.agrees(), "{report}");
    assert_eq!(report.compared(), 10_489);
}

/// Parts of the fixed suite that the after side answers differently, and the defect that explains it.
///
/// The program never unmapped the hidden offset of a heap, which only the before side lets it map: from then on other objects
/// got other offsets. And a chunk that is mapped is one flush more.
const EXPLAINED: &[(&str, &str)] = &[
    ("hidden fake offset of a heap, before any fault", "D3"),
    ("madvise and shrink", "D3"),
    ("madvise with odd values", "D3"),
    ("purge while mapped", "D3"),
    ("prime", "D3"),
    ("foreign import", "D3"),
    ("flush accounting", "D5"),
    ("foreign attach pins", "D2"),
    ("heap in two files", "D5"),
    ("heap fault out of memory part way", "D4"),
    ("heap first fault out of memory at once", "D4"),
    ("partly faulted heap through the dma-buf", "D2"),
];

/// The part of the suite that a line is in: the last comment before it.
fn part(recording: &Recording, line: usize) -> String {
    let before = recording.lines().take_while(|other| other.number < line);
    let comments = before.filter_map(|line| line.text.strip_prefix("# "));
    comments.last().unwrap_or_default().to_owned()
}

#[test]
fn the_after_side_differs_only_where_a_defect_ended() {
    let recording = recording("panfrost.txt", FIXED);
    let report = replay("panfrost.txt", FIXED, Side::After);
    let mut shown = String::new();
    for Mismatch {
        line,
        operation,
        kernel,
        model,
        ..
    } in report.differing()
    {
        let part = part(&recording, *line);
        let explained = EXPLAINED.iter().find(|(named, _)| *named == part);
        let (_, defect) =
            explained.unwrap_or_else(|| panic!("line {line}, in \"{part}\":\n{report}"));
        shown += &format!("{defect} {operation}\n  - {kernel}\n  + {model}\n");
    }
    insta::assert_snapshot!("after_side", shown);
}

/// An answer without what a heap changes that is mapped in time: which hardware space a file holds, and whether a mapping is active.
fn without_spaces(text: &str) -> String {
    let kept = text
        .split_whitespace()
        .filter(|word| !word.starts_with("as=") && !word.starts_with("AS"));
    kept.map(|word| word.replace("act=1", "act=0") + " ")
        .collect()
}

/// Leaves that a dump of a page table shows: the numbers behind `+` and before `x`.
fn leaves(text: &str) -> u64 {
    let counts = text.split('+').filter_map(|run| run.split_once('x'));
    counts
        .filter_map(|(count, _)| count.parse::<u64>().ok())
        .sum()
}

#[test]
fn the_after_side_differs_in_random_operations_only_by_heaps_that_no_longer_hang() {
    let report = replay("panfrost-r1.txt", RANDOM, Side::After);
    assert_eq!(report.compared(), 10_489);
    assert!(report.differing().len() < 100, "{report}");
    for Mismatch {
        line,
        operation,
        kernel,
        model,
        ..
    } in report.differing()
    {
        let hung = kernel.text.contains(" stuck ") && model.text.contains(" ok ");
        let same = without_spaces(&kernel.text) == without_spaces(&model.text);
        let more = operation.starts_with("walk ") && leaves(&model.text) > leaves(&kernel.text);
        assert!(
            hung || same || more,
            "line {line}: {operation}\n  - {kernel}\n  + {model}"
        );
    }
}

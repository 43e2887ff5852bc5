//! Both sides answer as the driver of Linux 6.12.117 did, line for line; the after side, but where a defect ended.

mod replay;

use drm_core::recording::{Mismatch, Recording, Report};
use port_kit::Side;

/// Lines of the after side that differ: recording, line, operation, and the defect that ended.
const ENDED: &[(&str, usize, &str, &str)] = &[
    // Pages that a failed growth left behind.
    ("lima-inject.txt.xz", 13, "bo 0", "D1"),
    // The heap has its table, and shows it to whoever imports it.
    ("lima-inject.txt.xz", 39, "bo 0", "D2"),
    ("lima-inject.txt.xz", 72, "bo 0", "D2"),
    ("lima-inject.txt.xz", 84, "bo 0", "D2"),
    ("lima-inject.txt.xz", 87, "import 1 1 0", "D3"),
    // The other file sees what was backed.
    ("lima.txt.xz", 250, "bo 1", "D4"),
    ("lima.txt.xz", 251, "bo 2", "D4"),
    ("lima.txt.xz", 253, "m ptes 1", "D4"),
    ("lima-block.txt.xz", 33, "bo 0", "D4"),
    ("lima-block.txt.xz", 36, "bo 0", "D4"),
    ("lima-block.txt.xz", 38, "m ptes 1", "D4"),
    ("lima-block.txt.xz", 42, "close 1", "D4"),
];

fn replayed(file: &str, side: Side) -> Report {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("data")
        .join(file);
    let recording = Recording::open(&path).expect("the recording is part of the project");
    replay::replay(&recording, side)
}

fn agrees(file: &str, at_least: usize) {
    let before = replayed(file, Side::Before);
    assert!(before.agrees(), "{before}");
    assert!(before.compared() >= at_least, "{before}");
    let after = replayed(file, Side::After);
    assert_eq!(after.compared(), before.compared());
    let ended = ENDED.iter().filter(|(name, ..)| *name == file);
    let ended: Vec<_> = ended
        .map(|(_, line, operation, _)| (*line, *operation))
        .collect();
    let differing = after.differing().iter();
    let differing: Vec<_> = differing
        .map(
            |Mismatch {
                 line, operation, ..
             }| (*line, operation.as_str()),
        )
        .collect();
    assert_eq!(differing, ended, "{after}");
}

#[test]
fn the_fixed_suite_is_answered_the_same() {
    agrees("lima.txt.xz", 356);
}

#[test]
fn the_fixed_suite_of_mali_450_is_answered_the_same() {
    agrees("lima450.txt.xz", 50);
}

#[test]
fn failures_while_a_heap_grows_are_answered_the_same() {
    agrees("lima-inject.txt.xz", 80);
    agrees("lima-leak.txt.xz", 22);
    agrees("lima-nomem.txt.xz", 28);
}

#[test]
fn faults_and_time_outs_are_answered_the_same() {
    agrees("lima-timeout.txt.xz", 75);
}

#[test]
fn a_full_space_is_answered_the_same() {
    agrees("lima-full.txt.xz", 47);
    agrees("lima-4g.txt.xz", 11);
}

#[test]
fn what_crashed_the_kernel_is_recorded_as_the_same_crash() {
    agrees("lima-block.txt.xz", 41);
    agrees("lima-wrap.txt.xz", 12);
}

#[test]
fn random_operations_are_answered_the_same() {
    agrees("lima-r1.txt.xz", 6_183);
}

//! Both sides answer as the driver of Linux 6.12.117 did, line for line; the after side, but where a defect ended.

mod replay;

use drm_core::recording::{Mismatch, Recording, Report};
use port_kit::Side;

fn replayed(file: &str, side: Side) -> Report {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("data")
        .join(file);
    let recording = Recording::open(&path).expect("the recording is part of the project");
    replay::replay(&recording, side)
}

/// Lines of the after side that differ, by recording and operation: what a defect ended does.
const ENDED: &[(&str, &str, &str)] = &[("v3d-cpu-import.txt.xz", "cpu 0 4 8 1 0", "D2")];

fn agrees(file: &str, at_least: usize) {
    let before = replayed(file, Side::Before);
    assert!(before.agrees(), "{before}");
    assert!(before.compared() >= at_least, "{before}");
    let after = replayed(file, Side::After);
    assert_eq!(after.compared(), before.compared());
    let ended = ENDED.iter().filter(|(name, ..)| *name == file);
    let ended: Vec<_> = ended.map(|(_, operation, _)| *operation).collect();
    let differing = after.differing().iter();
    let differing: Vec<_> = differing
        .map(|Mismatch { operation, .. }| operation.as_str())
        .collect();
    assert_eq!(differing, ended, "{after}");
}

#[test]
fn the_fixed_suite_is_answered_the_same() {
    agrees("v3d.txt.xz", 327);
}

#[test]
fn the_fixed_suite_of_v3d_7_1_is_answered_the_same() {
    agrees("v3d71.txt.xz", 22);
}

#[test]
fn cpu_jobs_are_answered_the_same() {
    agrees("v3d-cpu.txt.xz", 34);
    agrees("v3d-cpu-bad2.txt.xz", 6);
}

#[test]
fn what_crashed_the_kernel_is_recorded_as_the_same_crash() {
    for file in ["bad0", "bad1", "bad3", "import", "oob"] {
        agrees(&format!("v3d-cpu-{file}.txt.xz"), 4);
    }
}

#[test]
fn failures_and_a_full_space_are_answered_the_same() {
    agrees("v3d-inject.txt.xz", 30);
    agrees("v3d-fill.txt.xz", 23);
}

#[test]
fn waits_take_as_long() {
    agrees("v3d-wait.txt.xz", 19);
}

#[test]
fn an_exhausted_space_is_answered_the_same() {
    agrees("v3d-exhaust.txt.xz", 31);
    agrees("v3d-importfull.txt.xz", 18);
}

#[test]
fn random_operations_are_answered_the_same() {
    agrees("v3d-r1.txt.xz", 6_143);
}

#[test]
fn nearly_every_line_is_compared() {
    let left_out: usize = replayed("v3d-cpu-oob.txt.xz", Side::Before)
        .left_out()
        .values()
        .sum();
    assert_eq!(left_out, 1, "addresses of a crashed kernel alone");
}

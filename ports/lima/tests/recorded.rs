//! The before side answers as the driver of Linux 6.12.117 did, line for line.

mod replay;

use drm_core::recording::Recording;
use port_kit::Side;

fn agrees(file: &str, at_least: usize) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("data")
        .join(file);
    let recording = Recording::open(&path).expect("the recording is part of the project");
    let report = replay::replay(&recording, Side::Before);
    println!("{report}");
    assert!(report.agrees(), "{report}");
    assert!(report.compared() >= at_least, "{report}");
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

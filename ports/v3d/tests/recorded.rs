//! The before side answers as the driver of Linux 6.12.117 did, line for line.

mod replay;

use drm_core::recording::{Recording, Report};
use port_kit::Side;

fn replayed(file: &str) -> Report {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("data")
        .join(file);
    let recording = Recording::open(&path).expect("the recording is part of the project");
    replay::replay(&recording, Side::Before)
}

fn agrees(file: &str, at_least: usize) {
    let report = replayed(file);
    println!("{report}");
    assert!(report.agrees(), "{report}");
    assert!(report.compared() >= at_least, "{report}");
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
#[ignore = "best fit walks 32,767 holes for each object, as the driver does: minutes without optimisation"]
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
    let left_out: usize = replayed("v3d-cpu-oob.txt.xz").left_out().values().sum();
    assert_eq!(left_out, 1, "addresses of a crashed kernel alone");
}

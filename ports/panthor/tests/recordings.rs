//! Both sides answer as the driver of Linux 6.12.117 did: operation by operation, state by state.

mod replay;

use drm_core::recording::Recording;
use port_kit::Side;

fn agrees(side: Side, file: &str, at_least: usize) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("data")
        .join(file);
    let recording = Recording::open(&path).expect("the recording is part of the project");
    let report = replay::replay(side, &recording).expect("the port has both sides");
    println!("{report}");
    assert!(report.agrees(), "{report}");
    assert!(report.compared() >= at_least, "{report}");
}

#[test]
fn the_fixed_suite_is_answered_the_same() {
    agrees(Side::Before, "panthor.txt.xz", 1_117);
}

#[test]
fn the_fixed_suite_on_a_coherent_device_is_answered_the_same() {
    agrees(Side::Before, "panthor-coherent.txt.xz", 1_117);
}

#[test]
fn random_operations_are_answered_the_same_and_leave_the_same_tables() {
    agrees(Side::Before, "panthor-r1.txt.xz", 5_808);
}

#[test]
fn the_fixed_suite_is_answered_the_same_by_parts() {
    agrees(Side::After, "panthor.txt.xz", 1_117);
}

#[test]
fn the_fixed_suite_on_a_coherent_device_is_answered_the_same_by_parts() {
    agrees(Side::After, "panthor-coherent.txt.xz", 1_117);
}

#[test]
fn random_operations_are_answered_the_same_by_parts() {
    agrees(Side::After, "panthor-r1.txt.xz", 5_808);
}

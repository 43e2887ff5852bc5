//! The libraries answer as Linux 6.12.117 did: operation by operation, state by state, and line by line through the uAPI.

#![cfg(feature = "legacy")]

mod replay;

use drm_core::recording::Recording;

fn agrees(file: &str, at_least: usize) -> Vec<drm_core::recording::suite::Share> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("data")
        .join(file);
    let recording = Recording::open(&path).expect("the recording is part of the project");
    let (report, shares) = replay::replay(&recording);
    println!("{report}");
    assert!(report.agrees(), "{report}");
    assert!(report.compared() >= at_least, "{report}");
    shares
}

#[test]
fn seed_1_of_linux_6_12_117_is_answered_the_same() {
    agrees("linux-6.12.117-seed-1.trace.xz", 8_600);
}

#[test]
fn seed_2_of_linux_6_12_117_is_answered_the_same() {
    agrees("linux-6.12.117-seed-2.trace.xz", 8_800);
}

#[test]
fn seed_3_of_linux_6_12_117_is_answered_the_same() {
    agrees("linux-6.12.117-seed-3.trace.xz", 8_700);
}

#[test]
fn the_fixed_suite_is_answered_the_same_line_by_line() {
    let shares = agrees("linux-6.12.117-suite.txt.xz", 740);
    assert_eq!(shares.len(), 3);
    for share in shares {
        println!("{share}");
        let enough = share.compared * 10 >= share.lines * 8;
        assert!(enough, "{share}");
    }
}

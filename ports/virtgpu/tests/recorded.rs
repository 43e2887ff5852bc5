//! The lines about virtio-gpu of the fixed suite, as a running kernel answered them: line by line, on both sides.

mod replay;

use std::path::Path;

use drm_core::recording::{Patterns, Recording, suite};
use port_kit::Side;

const SUITE: &str = "data/linux-6.12.117-suite-virtio-cirrus.txt.xz";

fn agrees(side: Side) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(SUITE);
    let recording = Recording::open(path).expect("the recording is part of the project");
    let report = replay::replay(&recording, side).expect("both sides are there");
    let share = suite::share(&recording, "virtio_gpu", &Patterns::default());
    println!("{report}\n{share}");
    assert!(report.agrees(), "{report}");
    assert!(report.compared() >= 295, "{report}");
    assert!(share.compared * 10 >= share.lines * 8, "{share}");
}

#[test]
fn the_fixed_suite_is_answered_the_same_line_by_line() {
    agrees(Side::Before);
}

#[test]
fn the_fixed_suite_is_answered_the_same_on_parts() {
    agrees(Side::After);
}

//! The recordings of the real driver, line by line.

mod compare;
mod gpu;
mod script;

use drm_core::recording::Recording;
use port_kit::Side;

#[test]
fn the_before_side_answers_as_the_real_driver_did() {
    let bytes = include_bytes!("../../data/panfrost.txt.xz");
    let recording = Recording::from_bytes("panfrost.txt.xz", bytes).expect("a recording");
    let report = compare::replay(&recording, Side::Before).expect("the before side is there");
    assert!(report.agrees(), "{report}");
    assert!(report.compared() >= 900, "{report}");
}

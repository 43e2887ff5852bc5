//! The mock ports beside the real drivers: what is left out is reviewed.

use xtask::survey::{fidelity, snapshot};

/// Compiles the before side of every port, as `migrate` does to locate.
#[test]
fn what_the_ports_reproduce_of_6_12_is_as_reviewed() {
    let report = snapshot::linux_6_12().expect("the committed survey");
    let ports = fidelity::ports().unwrap_or_else(|failure| panic!("{failure}"));
    let fidelity = fidelity::compare(&report, &ports).unwrap_or_else(|failure| panic!("{failure}"));
    assert!(
        fidelity.is_excused() && fidelity.without_port.is_empty(),
        "say in the port's LEFT_OUT.md why:\n{}",
        fidelity.markdown()
    );
    insta::assert_snapshot!(fidelity.markdown());
}

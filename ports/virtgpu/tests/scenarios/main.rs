//! What the driver shows, scenario by scenario, on both sides.
//!
//! The session's operations record themselves, and under each the commands that the host got; a scenario is the story that they tell. The
//! example `scenarios` runs the same list.

mod blobs;
mod contexts;
mod display;
mod failures;
mod imports;
#[cfg(test)]
mod random;
mod resources;
mod session;
mod sharing;

use port_kit::Scenario;

use session::Session;

/// Every scenario.
pub(crate) fn all() -> Vec<Scenario<Session>> {
    [
        blobs::ALL,
        contexts::ALL,
        display::ALL,
        failures::ALL,
        imports::ALL,
        resources::ALL,
        sharing::ALL,
    ]
    .concat()
}

#[test]
fn every_scenario_is_listed_once() {
    let mut names: Vec<_> = all().iter().map(|scenario| scenario.name).collect();
    let listed = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), listed);
    assert!(listed >= 70, "{listed}");
}

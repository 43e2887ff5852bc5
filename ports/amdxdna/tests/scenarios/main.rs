//! What the driver shows, scenario by scenario, on both sides.
//!
//! The session's operations record themselves; a scenario is the story that they tell. The example `scenarios` runs the same list.

mod creation;
mod heap;
mod jobs;
mod mappings;
#[cfg(test)]
mod random;
mod session;
mod sharing;

use port_kit::Scenario;

use session::Session;

/// Every scenario.
pub(crate) fn all() -> Vec<Scenario<Session>> {
    [
        creation::ALL,
        heap::ALL,
        jobs::ALL,
        mappings::ALL,
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
    assert!(listed >= 40, "{listed}");
}

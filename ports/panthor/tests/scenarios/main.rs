//! What the driver shows, scenario by scenario, on both sides.
//!
//! The session's operations record themselves; a scenario is the story that they tell. The example `scenarios` runs the same list.

mod binds;
#[path = "../replay/contig.rs"]
mod contig;
mod heaps;
mod jobs;
mod objects;
mod queued;
mod session;
mod sharing;
mod spaces;
mod splits;

use port_kit::Scenario;

use session::Session;

/// Every scenario.
pub(crate) fn all() -> Vec<Scenario<Session>> {
    [
        binds::ALL,
        heaps::ALL,
        jobs::ALL,
        objects::ALL,
        queued::ALL,
        sharing::ALL,
        spaces::ALL,
        splits::ALL,
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
    assert!(listed >= 57, "{listed}");
}

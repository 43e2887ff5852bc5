//! What the driver shows, behaviour by behaviour.
//!
//! The session's operations record themselves; a scenario is the story that they tell.

mod heap;
mod jobs;
mod objects;
mod session;
mod sharing;
mod submit;

use port_kit::Scenario;

use session::Session;

/// Every scenario.
pub(crate) fn all() -> Vec<Scenario<Session>> {
    [
        objects::ALL,
        heap::ALL,
        sharing::ALL,
        jobs::ALL,
        submit::ALL,
    ]
    .into_iter()
    .flatten()
    .map(|scenario| Scenario {
        name: scenario.name,
        differs: scenario.differs,
        run: scenario.run,
    })
    .collect()
}

#[test]
fn every_scenario_is_listed_once() {
    let mut names: Vec<_> = all().iter().map(|scenario| scenario.name).collect();
    let listed = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), listed);
    assert!(listed >= 20, "{listed}");
}

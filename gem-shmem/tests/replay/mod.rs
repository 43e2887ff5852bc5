//! Replays recordings of Linux 6.12: of the helper itself, through a white-box driver, and of the fixed suite through the
//! ordinary uAPI.

mod abi;
mod devices;
mod script;
mod shmora;

use drm_core::machine::{Config, Machine};
use drm_core::recording::suite::{self, Share};
use drm_core::recording::{Patterns, Recording, Report};

/// Runs what was recorded and compares: every operation with its state and warnings, or every line of the suite. For a suite,
/// also how many lines of each driver that were.
pub(crate) fn replay(recording: &Recording) -> (Report, Vec<Share>) {
    if recording.lines().any(|line| line.operation().is_some()) {
        (operations(recording), Vec::new())
    } else {
        let more = Patterns::default();
        let shares = ["shmora", "vgem", "vkms"].map(|name| suite::share(recording, name, &more));
        (fixed(recording, &more), shares.into())
    }
}

fn fixed(recording: &Recording, more: &Patterns) -> Report {
    let machine = Machine::new(Config::default()).expect("the host has memory for the machine");
    suite::replay(recording, &machine, &devices::devices(&machine), None, more)
}

fn operations(recording: &Recording) -> Report {
    let mut script = script::Script::new();
    let mut report = Report::new(recording.name());
    for line in recording.lines() {
        match line.operation() {
            Some((operation, kernel)) => {
                let model = script.run(operation);
                report.compare(line, operation, &kernel, &model);
            }
            None => report.leave_out(line, "no operation"),
        }
    }
    report
}

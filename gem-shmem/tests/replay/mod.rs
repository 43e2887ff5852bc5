//! Replays recordings of the helper itself: the white-box driver, and the program that ran its operations.

mod script;
mod shmora;

use drm_core::recording::{Recording, Report};

/// Runs every operation of a recording and compares answers, states and warnings.
pub(crate) fn replay(recording: &Recording) -> Report {
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

//! Runs a recording and compares every line: the model leaves none out.

use drm_core::recording::{Answer, Recording, Report};
use port_kit::Side;

use super::script::Script;

/// Replays a recording on one side; `None` for a side that there is not.
pub fn replay(recording: &Recording, side: Side) -> Option<Report> {
    // Objects of a device that sees the CPU caches are not write-combined.
    let coherent = recording
        .lines()
        .any(|line| line.text.contains(" imp=0 ") && line.text.contains(" wc=0 "));
    let mut script = Script::new(side, coherent)?;
    let mut report = Report::new(recording.name());
    for line in recording.lines() {
        let Some((operation, kernel)) = line.operation() else {
            continue;
        };
        let model = script.run(operation);
        report.compare(line, operation, &whole(&kernel.to_string()), &whole(&model));
    }
    Some(report)
}

/// An answer whose marks must be the same, too, not only be there.
fn whole(text: &str) -> Answer {
    Answer {
        text: text.trim().to_owned(),
        marks: Vec::new(),
    }
}

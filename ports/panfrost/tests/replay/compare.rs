//! Runs a recording and compares every line.

use drm_core::recording::{Answer, Patterns, Recording, Report};
use port_kit::Side;

use crate::script::Script;

/// Lines that the model cannot answer.
const LEFT_OUT: Patterns = Patterns::new(&[]);

/// Replays a recording on one side; `None` for a side that there is not.
pub fn replay(recording: &Recording, side: Side) -> Option<Report> {
    let coherent = recording.lines().any(|line| {
        line.text.contains(" coherent=1 ")
            || line.text.contains(" imp=0 ") && line.text.contains(" wc=0 ")
    });
    let mut script = Script::new(side, coherent)?;
    let mut report = Report::new(recording.name());
    for line in recording.lines() {
        let Some((operation, kernel)) = line.operation() else {
            continue;
        };
        let model = script.run(operation);
        match LEFT_OUT.reason(line.text) {
            Some(reason) => report.leave_out(line, reason),
            None => report.compare(line, operation, &whole(&kernel.to_string()), &whole(&model)),
        }
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

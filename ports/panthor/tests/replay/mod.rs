//! Replays recordings of the real driver: the program that ran its operations, on a model.

mod contig;
mod script;
mod slots;
mod vm_ops;
mod words;

use drm_core::recording::{Patterns, Recording, Report};
use port_kit::Side;
use port_panthor::hw::HwConfig;

/// Lines that no model can answer.
const LEFT_OUT: Patterns = Patterns::new(&[]);

/// Runs every operation of a recording, and compares answers, states and warnings.
///
/// The device is coherent where the name of the recording says so. `None` for a side that there is not yet.
pub(crate) fn replay(side: Side, recording: &Recording) -> Option<Report> {
    let config = match recording.name().contains("coherent") {
        true => HwConfig::coherent(),
        false => HwConfig::default(),
    };
    let mut script = script::Script::new(side, config)?;
    let mut report = Report::new(recording.name());
    for line in recording.lines() {
        let Some((operation, kernel)) = line.operation() else {
            report.leave_out(line, "no operation");
            continue;
        };
        let model = script.run(operation);
        match LEFT_OUT.reason(line.text) {
            Some(reason) => report.leave_out(line, reason),
            None => report.compare(line, operation, &kernel, &model),
        }
    }
    Some(report)
}

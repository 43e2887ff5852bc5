//! Replays recordings of the real driver, and compares line by line.

mod recorded;
mod submit;
mod whitebox;

use drm_core::machine::{Config as MachineConfig, Event, Machine};
use drm_core::recording::{Answer, Line, Pattern, Patterns, Recording, Report};
use port_kit::Side;
use port_kit::window::Window;
use port_lima::{memory, probe};

use whitebox::Whitebox;

/// What a model cannot answer.
const LEFT_OUT: Patterns = Patterns::new(&[
    (
        Pattern::Prefix("S memfree "),
        "free memory of the whole machine that recorded",
    ),
    (
        Pattern::Prefix("S fdraw "),
        "numbers of the file and the mount",
    ),
    (
        Pattern::Contains("prefs="),
        "page references with those of per-CPU batches among them; the leak itself is a scenario",
    ),
]);

/// The line that a recording ends with where the kernel did.
const PANIC: &str = "Kernel panic - not syncing: ";

/// Runs every operation of a recording on `side`.
pub(crate) fn replay(recording: &Recording, side: Side) -> Report {
    let mut report = Report::new(recording.name());
    let machine = Machine::new(MachineConfig {
        ram: 256 << 20,
        ..MachineConfig::default()
    })
    .expect("host memory");
    let stem = recording.name().split('.').next().unwrap_or_default();
    let config = recorded::config(stem);
    let memory = memory(side).expect("the side is there");
    let (device, lima) = probe(&machine, memory, config).expect("memory for the device");
    let subject = Whitebox::new(&device, &lima);
    let mut window = Window::new(&machine).expect("a vgem device");
    for line in recording.lines() {
        if let Some(reason) = LEFT_OUT.reason(line.text) {
            let operation = line.operation().map_or("", |(operation, _)| operation);
            // Nothing of what is left out changes the state.
            debug_assert!(["", "memfree", "fdraw 0", "bo 0"].contains(&operation));
            report.leave_out(line, reason);
        } else if let Some((operation, kernel)) = line.operation() {
            let (text, events) = window.run(&subject, operation);
            report.compare(line, operation, &kernel, &answer(text, events));
        } else if let Some(kernel) = line.text.strip_prefix(PANIC) {
            crash(&mut window, &subject, stem, line, kernel, &mut report);
        }
    }
    report
}

fn answer(text: String, events: Vec<Event>) -> Answer {
    let mark = |event| match event {
        Event::Warning(site) => site.to_owned(),
        other => other.to_string(),
    };
    Answer {
        text,
        marks: events.into_iter().map(mark).collect(),
    }
}

/// The operation that the kernel did not survive is not in the recording: it never came back.
fn crash(
    window: &mut Window,
    subject: &Whitebox,
    stem: &str,
    line: Line<'_>,
    kernel: &str,
    report: &mut Report,
) {
    let Some(operation) = recorded::last_operation(stem) else {
        report.leave_out(line, "the machine ran out of memory and had nobody to kill");
        return;
    };
    let events = window.run(subject, operation).1;
    let died = events.into_iter().find_map(|event| match event {
        Event::Oops(what) => Some(what),
        _ => None,
    });
    // Behind the colon the model says what it was doing.
    let died = died.as_deref().and_then(|what| what.split(": ").next());
    let model = Answer::parse(died.unwrap_or("survived"));
    report.compare(line, operation, &Answer::parse(kernel), &model);
}

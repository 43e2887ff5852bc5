//! Replays recordings of the real driver, and compares line by line.

mod recorded;
mod whitebox;

use drm_core::machine::{Config as MachineConfig, Event, Machine};
use drm_core::recording::{Answer, Line, Pattern, Patterns, Recording, Report};
use port_kit::Side;
use port_kit::window::Window;
use port_v3d::{Config, Model, memory, probe};

use whitebox::Whitebox;

/// What a model cannot answer.
const LEFT_OUT: Patterns = Patterns::new(&[
    (
        Pattern::Prefix("S now "),
        "the time on the clock of the machine that recorded",
    ),
    (
        Pattern::Prefix("S fdraw "),
        "numbers of the file and the client, and nanoseconds of the engines",
    ),
    (
        Pattern::Prefix("    ? "),
        "code addresses of a kernel that has crashed",
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
    let model = if stem.starts_with("v3d71") {
        Model::V71
    } else {
        Model::V42
    };
    let config = Config {
        model,
        ..Config::default()
    };
    let memory = memory(side).expect("the side is there");
    let (device, v3d) = probe(&machine, memory, config).expect("memory for the page table");
    let subject = Whitebox::new(&device, &v3d);
    let mut window = Window::new(&machine).expect("a vgem device");
    for line in recording.lines() {
        if let Some(reason) = LEFT_OUT.reason(line.text) {
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
    Answer {
        text,
        marks: events.into_iter().filter_map(mark).collect(),
    }
}

/// What the kernel log says of an event.
fn mark(event: Event) -> Option<String> {
    match event {
        // The kernel that was recorded has no allocator debugging: it frees a table twice and nobody sees it.
        Event::Oops(what) if what.contains("unmapped twice") => None,
        Event::Warning(site) => Some(site.to_owned()),
        other => Some(other.to_string()),
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
        report.leave_out(line, "which operation crashed is not known");
        return;
    };
    let mut events = window.run(subject, operation).1;
    events.extend(window.run(subject, "sleep 100").1);
    let died = events.into_iter().find_map(|event| match event {
        Event::Oops(what) => Some(what),
        _ => None,
    });
    // Behind the colon the model says what it was doing.
    let died = died.as_deref().and_then(|what| what.split(": ").next());
    let model = Answer::parse(died.unwrap_or("survived"));
    report.compare(line, operation, &Answer::parse(kernel), &model);
}

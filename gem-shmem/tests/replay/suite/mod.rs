//! The fixed suite through the ordinary uAPI: dumb buffers, names, mappings, figures, sharing in every direction.

mod basic;
mod client;
mod contents;
mod cross;
mod device;
mod exporter;
mod foreign;
mod framebuffer;
mod left_out;
mod memory;
mod prime;

use drm_core::machine::{Config, Machine};
use drm_core::mmap::Process;
use drm_core::recording::{Answer, Line, Recording, Report};

use device::Dev;

/// What the suite prints, line by line.
struct Out(Vec<String>);

impl Out {
    fn line(&mut self, line: String) {
        self.0.push(line);
    }
}

/// The devices, and the machine they are on.
struct Bench {
    machine: Machine,
    /// The one process: a mapping that a section leaves behind is there in the next.
    process: Process,
    devices: [Dev; 3],
}

/// Every line that the suite prints here.
fn run() -> Vec<String> {
    let machine = Machine::new(Config::default()).expect("the host has memory for the machine");
    let devices = device::devices(&machine);
    let bench = Bench {
        process: Process::new(&machine),
        machine,
        devices,
    };
    let mut out = Out(Vec::new());
    for dev in &bench.devices {
        basic::run(&bench, dev, &mut out);
    }
    for dev in &bench.devices {
        memory::run(&bench, dev, &mut out);
    }
    for dev in bench.devices.iter().filter(|dev| dev.display) {
        framebuffer::run(&bench, dev, &mut out);
    }
    for dev in &bench.devices {
        prime::run(&bench, dev, &mut out);
    }
    for a in &bench.devices {
        for b in bench.devices.iter().filter(|b| b.name != a.name) {
            cross::run(&bench, a, b, &mut out);
        }
    }
    foreign::run(&bench, &mut out);
    out.0
}

/// The part of a line before the answer, and the answer.
fn halves(line: &str) -> (&str, Answer) {
    let text = left_out::comparable(line);
    let (operation, answer) = text.split_once(" -> ").unwrap_or((text, ""));
    let answer = Answer {
        text: answer.trim().to_owned(),
        marks: Vec::new(),
    };
    (operation.trim_end(), answer)
}

/// How many of the lines of one driver are compared.
pub(crate) struct Share {
    driver: &'static str,
    pub(crate) compared: usize,
    pub(crate) lines: usize,
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (driver, compared, lines) = (self.driver, self.compared, self.lines);
        write!(f, "{driver}: {compared} of {lines} lines compared")
    }
}

/// The shares of the drivers whose lines begin with their name.
pub(super) fn shares(recording: &Recording) -> Vec<Share> {
    let share = |driver| {
        let own = || {
            recording
                .lines()
                .filter(|line| line.text.starts_with(driver))
        };
        let left_out = |line: &Line<'_>| left_out::PATTERNS.reason(line.text).is_some();
        Share {
            driver,
            compared: own().filter(|line| !left_out(line)).count(),
            lines: own().count(),
        }
    };
    ["shmora", "vgem", "vkms"].map(share).into()
}

/// Runs the suite and compares it with a recording of it, line by line, less what is left out.
pub(super) fn replay(recording: &Recording) -> Report {
    let mut report = Report::new(recording.name());
    let mut model = run().into_iter();
    for line in recording.lines().filter(|line| !line.text.is_empty()) {
        if let Some(reason) = left_out::PATTERNS.reason(line.text) {
            report.leave_out(line, reason);
            continue;
        }
        let (operation, kernel) = halves(line.text);
        let got = model.next().unwrap_or_default();
        let (own, mut answer) = halves(&got);
        if own != operation {
            answer.text = format!("{own} -> {}", answer.text);
        }
        report.compare(line, operation, &kernel, &answer);
    }
    if let Some(line) = recording.lines().last() {
        for extra in model {
            report.compare(line, "(end)", &Answer::default(), &halves(&extra).1);
        }
    }
    report
}

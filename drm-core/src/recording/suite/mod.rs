//! The fixed suite through the ordinary uAPI, as it was run on a real kernel: dumb buffers, names, mappings, figures, sharing in
//! every direction. Whoever has devices with the names that were recorded can run it on them, and compare line by line.

mod basic;
mod client;
mod contents;
mod cross;
mod exporter;
mod foreign;
mod framebuffer;
mod left_out;
mod memory;
mod prime;

use std::collections::BTreeSet;

use crate::device::{Device, Features, File};
use crate::machine::Machine;
use crate::mmap::Process;
use crate::recording::{Answer, Line, Patterns, Recording, Report};

/// What the suite prints, line by line. While a line is printed, hardware goes on.
struct Out<'a> {
    lines: Vec<String>,
    devices: &'a [Dev],
}

impl Out<'_> {
    fn line(&mut self, line: String) {
        self.lines.push(line);
        self.devices.iter().for_each(|dev| (dev.settle)());
    }
}

/// A device as the guest saw it.
pub struct Dev {
    name: &'static str,
    device: Device,
    fdinfo: bool,
    display: bool,
    settle: Box<dyn Fn()>,
}

impl std::fmt::Debug for Dev {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Dev").field(&self.name).finish()
    }
}

impl Dev {
    /// A device by the name with which its lines begin.
    #[must_use]
    pub fn new(name: &'static str, device: &Device) -> Self {
        let features = device.driver().features();
        Self {
            name,
            device: device.clone(),
            fdinfo: false,
            display: features.contains(Features::MODESET),
            settle: Box::new(|| ()),
        }
    }

    /// The same, whose driver shows figures in fdinfo.
    #[must_use]
    pub fn with_fdinfo(mut self) -> Self {
        self.fdinfo = true;
        self
    }

    /// The same; `settle` lets the hardware catch up, while the suite opens a device or prints.
    #[must_use]
    pub fn settling(mut self, settle: impl Fn() + 'static) -> Self {
        self.settle = Box::new(settle);
        self
    }

    fn open(&self) -> File {
        (self.settle)();
        self.device.open().expect("the device opens")
    }
}

/// The devices, and the machine they are on.
struct Bench<'a> {
    machine: &'a Machine,
    /// The one process: a mapping that a section leaves behind is there in the next.
    process: Process,
    devices: &'a [Dev],
    /// The device whose lines are wanted; `None` for all.
    subject: Option<&'static str>,
    /// What was done on the real machine.
    recorded: BTreeSet<&'a str>,
}

impl Bench<'_> {
    fn is_subject(&self, dev: &Dev) -> bool {
        self.subject.is_none_or(|name| name == dev.name)
    }

    fn was_recorded(&self, operation: &str) -> bool {
        self.recorded.contains(operation)
    }

    fn subjects(&self) -> impl Iterator<Item = &Dev> {
        self.devices.iter().filter(|dev| self.is_subject(dev))
    }
}

/// Every line that the suite prints here.
fn run(bench: &Bench<'_>) -> Vec<String> {
    let mut out = Out {
        lines: Vec::new(),
        devices: bench.devices,
    };
    for dev in bench.subjects() {
        basic::run(bench, dev, &mut out);
    }
    for dev in bench.subjects() {
        memory::run(bench, dev, &mut out);
    }
    for dev in bench.subjects().filter(|dev| dev.display) {
        framebuffer::run(bench, dev, &mut out);
    }
    for dev in bench.subjects() {
        prime::run(bench, dev, &mut out);
    }
    for a in bench.devices {
        let others = bench.devices.iter().filter(|b| b.name != a.name);
        for b in others.filter(|b| bench.is_subject(a) || bench.is_subject(b)) {
            cross::run(bench, a, b, &mut out);
        }
    }
    foreign::run(bench, &mut out);
    out.lines
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// The driver.
    pub driver: &'static str,
    /// Lines compared.
    pub compared: usize,
    /// Lines recorded.
    pub lines: usize,
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (driver, compared, lines) = (self.driver, self.compared, self.lines);
        write!(f, "{driver}: {compared} of {lines} lines compared")
    }
}

/// Why a line is not compared: it is another device's, the suite's own reasons, or the caller's.
fn reason(line: &str, subject: Option<&str>, more: &Patterns) -> Option<&'static str> {
    let device = line.split(' ').next().unwrap_or_default();
    let is_about = |name: &str| device.split("->").any(|part| part == name);
    if subject.is_some_and(|name| !is_about(name)) {
        return Some("another device");
    }
    more.reason(line).or(left_out::PATTERNS.reason(line))
}

/// How many of the lines that begin with the name of a driver, and the same of pairs, are compared; what `more` matches is not.
#[must_use]
pub fn share(recording: &Recording, driver: &'static str, more: &Patterns) -> Share {
    let lines = || {
        recording
            .lines()
            .filter(|line| line.text.starts_with(driver))
    };
    let compared = |line: &Line<'_>| reason(line.text, None, more).is_none();
    Share {
        driver,
        compared: lines().filter(compared).count(),
        lines: lines().count(),
    }
}

/// Runs the suite on `devices`, in the order of their names, and compares it with a recording of it, line by line, less what is left
/// out: by the suite itself, by `more`, and, with a `subject`, lines that are not about that device.
///
/// # Panics
///
/// Where a device refuses what every device of the recorded machine did: there is nothing to compare then.
#[must_use]
pub fn replay(
    recording: &Recording,
    machine: &Machine,
    devices: &[Dev],
    subject: Option<&'static str>,
    more: &Patterns,
) -> Report {
    let bench = Bench {
        machine,
        process: Process::new(machine),
        devices,
        subject,
        recorded: recording.lines().map(|line| halves(line.text).0).collect(),
    };
    let mut report = Report::new(recording.name());
    let printed = run(&bench);
    let mut model = printed.iter().filter(|line| more.reason(line).is_none());
    for line in recording.lines().filter(|line| !line.text.is_empty()) {
        if let Some(reason) = reason(line.text, subject, more) {
            report.leave_out(line, reason);
            continue;
        }
        let (operation, kernel) = halves(line.text);
        let got = model.next().map_or("", String::as_str);
        let (own, mut answer) = halves(got);
        if own != operation {
            answer.text = format!("{own} -> {}", answer.text);
        }
        report.compare(line, operation, &kernel, &answer);
    }
    if let Some(line) = recording.lines().last() {
        for extra in model {
            report.compare(line, "(end)", &Answer::default(), &halves(extra).1);
        }
    }
    report
}

//! What a scenario shows: lines of what was done and what came of it.

use std::fmt::{self, Write as _};

use bytemuck::{Pod, bytes_of_mut};
use drm_core::device::{File, IoctlNr};
use drm_core::errno::Result;
use drm_core::machine::{Event, Machine};

/// The lines of one run, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    text: String,
}

impl Trace {
    /// Adds an operation and its answer, and under it what the kernel log said meanwhile.
    pub fn record(
        &mut self,
        machine: &Machine,
        operation: impl fmt::Display,
        answer: impl fmt::Display,
    ) {
        self.line(format_args!("{operation} => {answer}"));
        self.log(machine);
    }

    /// Adds a line.
    pub fn line(&mut self, line: impl fmt::Display) {
        writeln!(self.text, "{line}").expect("a string takes any text");
    }

    /// Adds a heading, so that a reader sees where a part begins.
    pub fn heading(&mut self, text: impl fmt::Display) {
        self.line(format_args!("# {text}"));
    }

    /// Adds what the kernel log said since it was last read.
    pub fn log(&mut self, machine: &Machine) {
        for event in machine.trace().take() {
            match event {
                Event::Log(line) => self.line(format_args!("  log: {line}")),
                other => self.line(format_args!("  {other}")),
            }
        }
    }

    /// The text, a line for each.
    #[must_use]
    pub fn into_text(self) -> String {
        self.text
    }
}

/// The result of an operation in one word: `ok`, or the name of the errno.
#[must_use]
pub fn outcome<T>(result: &Result<T>) -> String {
    match result {
        Ok(_) => "ok".to_owned(),
        Err(error) => format!("{error:?}"),
    }
}

/// Runs an ioctl with a typed argument, which is changed in place even after an error.
///
/// # Errors
///
/// The driver's answer.
pub fn ioctl<T: Pod>(file: &File, number: IoctlNr, args: &mut T) -> Result {
    file.ioctl(number.raw(), bytes_of_mut(args))
}

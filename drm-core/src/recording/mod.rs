//! Recordings of a running kernel: reading them, and comparing them line by line with what a model answers.
//!
//! A recording is text, plain or compressed with xz. A line of an operation is `S <operation> => <answer>`; the answer may
//! end in marks, ` !` and what the kernel log said. Whoever replays runs the operations in order, and hands every answer to
//! [`Report::compare`]. What a model cannot answer is left out by [`Patterns`], each with its reason. [`suite`] is what was run on
//! drivers that anyone can load.

mod answer;
mod pattern;
mod report;
pub mod suite;
#[cfg(test)]
mod tests;

use std::io;
use std::path::Path;

pub use answer::Answer;
pub use pattern::{Pattern, Patterns};
pub use report::{Mismatch, Report};

/// How an xz file begins.
const XZ_MAGIC: &[u8] = b"\xfd7zXZ\0";

/// The text of one recording.
#[derive(Clone, Debug)]
pub struct Recording {
    name: String,
    text: String,
}

/// One line of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its number in the text, from 1.
    pub number: usize,
    /// The line, without its end.
    pub text: &'a str,
}

impl<'a> Line<'a> {
    /// The operation and the answer of a line `S <operation> => <answer>`; `None` for any other line.
    #[must_use]
    pub fn operation(self) -> Option<(&'a str, Answer)> {
        let (operation, answer) = self.text.strip_prefix("S ")?.split_once(" =>")?;
        Some((operation, Answer::parse(answer)))
    }
}

impl Recording {
    /// Reads a file, plain or xz.
    ///
    /// # Errors
    ///
    /// Those of the file system; `InvalidData` for what is no xz, or no text.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let name = path
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        Self::from_bytes(name, &std::fs::read(path)?)
    }

    /// The contents of a file, plain or xz; `name` is shown in reports.
    ///
    /// # Errors
    ///
    /// `InvalidData` for what is no xz, or no text.
    pub fn from_bytes(name: impl Into<String>, bytes: &[u8]) -> io::Result<Self> {
        let invalid = |error: &dyn std::fmt::Display| {
            io::Error::new(io::ErrorKind::InvalidData, error.to_string())
        };
        let plain = if bytes.starts_with(XZ_MAGIC) {
            let mut plain = Vec::new();
            lzma_rs::xz_decompress(&mut &*bytes, &mut plain).map_err(|error| match error {
                lzma_rs::error::Error::IoError(error) => error,
                error => invalid(&format_args!("{error:?}")),
            })?;
            plain
        } else {
            bytes.to_vec()
        };
        let text = String::from_utf8(plain).map_err(|error| invalid(&error))?;
        Ok(Self {
            name: name.into(),
            text,
        })
    }

    /// What it is called in reports.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its lines, numbered from 1.
    pub fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        (1..)
            .zip(self.text.lines())
            .map(|(number, text)| Line { number, text })
    }
}

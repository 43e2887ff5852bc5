//! The outcome of a replay: how much was compared, and every line that differs, with what led to it.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use super::Line;
use super::answer::Answer;

/// Operations shown before one that differs.
const HISTORY: usize = 10;
/// Mismatches printed in full; a replay that lost its way differs in every later line.
const SHOWN: usize = 5;

/// A line where the model answers otherwise than the kernel.
#[derive(Clone, Debug)]
pub struct Mismatch {
    /// Its number in the recording.
    pub line: usize,
    /// The operation.
    pub operation: String,
    /// The operations before it, and what the kernel answered; the oldest first.
    pub before: Vec<String>,
    /// What the kernel answered.
    pub kernel: Answer,
    /// What the model answered.
    pub model: Answer,
}

/// What a replay found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    name: String,
    compared: usize,
    left_out: BTreeMap<&'static str, usize>,
    differing: Vec<Mismatch>,
    history: VecDeque<String>,
}

impl Report {
    /// The report of a replay that has not begun.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// Compares the answer to one operation.
    pub fn compare(&mut self, line: Line<'_>, operation: &str, kernel: &Answer, model: &Answer) {
        self.compared += 1;
        if !kernel.agrees(model) {
            self.differing.push(Mismatch {
                line: line.number,
                operation: operation.to_owned(),
                before: self.history.iter().cloned().collect(),
                kernel: kernel.clone(),
                model: model.clone(),
            });
        }
        self.remember(line);
    }

    /// Counts a line that is not compared.
    pub fn leave_out(&mut self, line: Line<'_>, reason: &'static str) {
        *self.left_out.entry(reason).or_default() += 1;
        self.remember(line);
    }

    fn remember(&mut self, line: Line<'_>) {
        if self.history.len() == HISTORY {
            self.history.pop_front();
        }
        self.history
            .push_back(format!("{:>6}  {}", line.number, line.text));
    }

    /// What was replayed.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Lines compared.
    #[must_use]
    pub fn compared(&self) -> usize {
        self.compared
    }

    /// Lines not compared, by reason.
    #[must_use]
    pub fn left_out(&self) -> &BTreeMap<&'static str, usize> {
        &self.left_out
    }

    /// Lines that differ, in order.
    #[must_use]
    pub fn differing(&self) -> &[Mismatch] {
        &self.differing
    }

    /// Whether something was compared, and nothing differs.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.compared > 0 && self.differing.is_empty()
    }
}

impl fmt::Display for Report {
    /// One line of figures, the reasons for what was left out, and the first mismatches in full.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} operations replayed, {} lines differ",
            self.name,
            self.compared,
            self.differing.len()
        )?;
        let left_out: usize = self.left_out.values().sum();
        if left_out > 0 {
            write!(f, ", {left_out} left out")?;
        }
        for (reason, lines) in &self.left_out {
            write!(f, "\n  left out {lines:>4}: {reason}")?;
        }
        for mismatch in self.differing.iter().take(SHOWN) {
            write!(f, "\n\n{mismatch}")?;
        }
        match self.differing.len().checked_sub(SHOWN) {
            None | Some(0) => Ok(()),
            Some(more) => write!(f, "\n\nand {more} more"),
        }
    }
}

impl fmt::Display for Mismatch {
    /// The operations before, the operation, and both answers side by side, word by word.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.before {
            writeln!(f, "{line}")?;
        }
        writeln!(f, "{:>6}> {}", self.line, self.operation)?;
        let rows = side_by_side(&self.kernel, &self.model);
        let width = rows
            .iter()
            .map(|(kernel, _)| kernel.chars().count())
            .max()
            .unwrap_or(0)
            .max("kernel".len());
        write!(f, "           {:width$}   model", "kernel")?;
        for (kernel, model) in rows {
            let sign = if kernel == model { "  " } else { "<>" };
            write!(f, "\n        {sign} {kernel:width$}   {model}")?;
        }
        Ok(())
    }
}

/// Pairs the words of both answers: those of the form `key=value` by their key, the others by their place.
fn side_by_side(kernel: &Answer, model: &Answer) -> Vec<(String, String)> {
    let words = |answer: &Answer| -> Vec<(String, String)> {
        let mut plain = 0..;
        let text = answer.text.split_whitespace().map(|word| {
            let key = match word.split_once('=') {
                Some((key, _)) => key.to_owned(),
                None => format!(" {}", plain.next().unwrap_or(0)),
            };
            (key, word.to_owned())
        });
        let marks = (0..)
            .zip(&answer.marks)
            .map(|(n, mark): (u32, _)| (format!("!{n}"), format!("!{mark}")));
        text.chain(marks).collect()
    };
    let mut rest = words(model);
    let mut rows = Vec::new();
    for (key, word) in words(kernel) {
        let at = rest.iter().position(|(other, _)| *other == key);
        let other = at.map_or_else(String::new, |at| rest.remove(at).1);
        rows.push((word, other));
    }
    rows.extend(rest.into_iter().map(|(_, word)| (String::new(), word)));
    rows
}

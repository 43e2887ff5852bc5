//! `--explain F03`: the page of one finding.

use std::fmt::Write;

use crate::findings::{self, Number};
use crate::{Failure, Result};

/// The page of a finding, for a terminal.
pub fn page(number: Number) -> Result<String> {
    let finding = findings::find(number)
        .ok_or_else(|| Failure::new(format!("there is no finding {number}")))?;
    let page = finding.page();
    let (before, after) = (page.before(), page.after());
    let mut text = String::new();
    let sections = [
        ("What", page.what()),
        ("Why it hurts", page.why()),
        ("What replaces it", page.instead()),
        ("Before", before.as_str()),
        ("After", after.as_str()),
    ];
    let _ = writeln!(text, "{}", page.title());
    for (heading, section) in sections {
        let _ = write!(text, "\n{heading}\n\n");
        for line in section.lines() {
            let _ = if line.is_empty() {
                writeln!(text)
            } else {
                writeln!(text, "  {line}")
            };
        }
    }
    Ok(text)
}

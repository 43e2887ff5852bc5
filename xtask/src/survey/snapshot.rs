//! Committed results, for when there is no kernel tree.
//!
//! Names, files, lines and findings are kept; lines of code are not.

use super::report::Report;
use crate::{Failure, Result};

/// The survey of Linux 6.12.117, as Debian's `linux-source-6.12` has it.
pub const LINUX_6_12: &str = include_str!("../../data/survey-6.12.json");

/// The committed survey of Linux 6.12.
pub fn linux_6_12() -> Result<Report> {
    serde_json::from_str(LINUX_6_12).map_err(|error| {
        Failure::new(format!(
            "the committed survey of Linux 6.12 is damaged: {error}"
        ))
    })
}

/// Drivers younger than Linux 6.12, from notes on them: names, and lines where the notes give them.
pub const NOTED: &str = include_str!("../../data/survey-noted.json");

/// The drivers that are known from notes alone.
pub fn noted() -> Result<Report> {
    serde_json::from_str(NOTED).map_err(|error| {
        Failure::new(format!(
            "the committed notes on drivers are damaged: {error}"
        ))
    })
}

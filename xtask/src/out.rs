//! Standard output, for reports. A reader that has seen enough and closes it is no failure.

use std::io::{ErrorKind, Write};

use crate::{Failure, Result};

/// Writes a report.
pub(crate) fn print(text: &str) -> Result<()> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::new(format!("cannot write the report: {error}")))
        }
        _ => Ok(()),
    }
}

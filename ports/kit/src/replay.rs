//! The body of a port's example `replay`: recordings of the real driver, on one side.

use std::process::ExitCode;

use drm_core::recording::{Recording, Report};

use crate::Side;

const USAGE: &str = "usage: replay [--side before|after] FILE...";

/// `[--side before|after] FILE...`, plain or `.xz`: prints how many lines of each file were compared, differ, and were left out,
/// and why. `replay` answers `None` for a side that there is not.
///
/// Succeeds only where every file could be read and no line differs; a file that cannot be read is named, and the others are
/// replayed all the same.
#[must_use]
pub fn main(replay: impl FnMut(&Recording, Side) -> Option<Report>) -> ExitCode {
    match run(std::env::args().skip(1), replay) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn run(
    mut args: impl Iterator<Item = String>,
    mut replay: impl FnMut(&Recording, Side) -> Option<Report>,
) -> Result<bool, String> {
    let (mut side, mut files) = (Side::Before, Vec::new());
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--side" => side = args.next().unwrap_or_default().parse()?,
            _ => files.push(arg),
        }
    }
    if files.is_empty() {
        return Err(USAGE.into());
    }
    let mut agree = true;
    for file in files {
        let recording = match Recording::open(&file) {
            Ok(recording) => recording,
            Err(error) => {
                eprintln!("{file}: {error}");
                agree = false;
                continue;
            }
        };
        let report =
            replay(&recording, side).ok_or_else(|| format!("the port has no {side} side"))?;
        println!("{report}");
        agree &= report.agrees();
    }
    Ok(agree)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(args: &[&str]) -> Result<bool, String> {
        let args = args.iter().map(|arg| (*arg).to_owned());
        run(args, |recording, side| {
            let mut report = Report::new(recording.name());
            for line in recording.lines() {
                let (operation, kernel) = line.operation()?;
                report.compare(line, operation, &kernel, &kernel);
            }
            (side == Side::Before).then_some(report)
        })
    }

    #[test]
    fn a_file_that_agrees_a_file_that_is_not_there_and_a_side_that_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("one.txt");
        std::fs::write(&file, "S open => 0\n").expect("it is written");
        let file = file.to_str().expect("it is text");
        assert_eq!(on(&[file]), Ok(true));
        assert_eq!(on(&["--side", "before", file]), Ok(true));
        assert_eq!(on(&["/nowhere", file]), Ok(false));
        assert_eq!(
            on(&["--side", "after", file]),
            Err("the port has no after side".into())
        );
        assert!(on(&["--side", "left", file]).is_err());
        assert_eq!(on(&[]), Err(USAGE.into()));
    }
}

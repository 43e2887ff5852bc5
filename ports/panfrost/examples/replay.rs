//! Replays recordings of the real driver on the model: `replay [--side before|after] FILE...`, plain or `.xz`.
//!
//! Prints, for each file, how many lines were compared, differ, and were left out, and why. Exits with 0 only where none differs.

#[path = "../tests/replay/mod.rs"]
mod replay;

use std::process::ExitCode;

use drm_core::recording::Recording;
use port_kit::Side;

fn main() -> ExitCode {
    let mut side = Side::Before;
    let mut files = Vec::new();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        if arg != "--side" {
            files.push(arg);
            continue;
        }
        match args.next().unwrap_or_default().parse() {
            Ok(named) => side = named,
            Err(message) => {
                eprintln!("{message}");
                return ExitCode::FAILURE;
            }
        }
    }
    if files.is_empty() {
        eprintln!("usage: replay [--side before|after] FILE...");
        return ExitCode::FAILURE;
    }
    let mut agree = true;
    for file in files {
        match Recording::open(&file).map(|recording| replay::compare::replay(&recording, side)) {
            Ok(Some(report)) => {
                println!("{report}");
                agree &= report.agrees();
            }
            Ok(None) => {
                eprintln!("{file}: the port has no {side} side");
                agree = false;
            }
            Err(error) => {
                eprintln!("{file}: {error}");
                agree = false;
            }
        }
    }
    if agree {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

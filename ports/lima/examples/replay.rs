//! Replays recordings of the real driver, plain or `.xz`: how many lines were compared, how many differ.
//!
//! `cargo run --release -p port-lima --example replay -- [--side before|after] FILE...`
//!
//! Exits with 0 only where every file could be read and no line differs.

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
        match Recording::open(std::path::Path::new(&file)) {
            Ok(recording) => {
                let report = replay::replay(&recording, side);
                println!("{report}");
                agree &= report.agrees();
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

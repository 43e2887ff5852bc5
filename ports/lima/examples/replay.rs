//! Replays recordings of the real driver, plain or `.xz`: how many lines were compared, how many differ.
//!
//! `cargo run --release -p port-lima --example replay -- FILE...`
//!
//! Exits with 0 only where every file could be read and no line differs.

#[path = "../tests/replay/mod.rs"]
mod replay;

use std::process::ExitCode;

use drm_core::recording::Recording;
use port_kit::Side;

fn main() -> ExitCode {
    let files: Vec<_> = std::env::args_os().skip(1).collect();
    if files.is_empty() {
        eprintln!("usage: replay FILE...");
        return ExitCode::FAILURE;
    }
    let mut agree = true;
    for file in files {
        match Recording::open(&file) {
            Ok(recording) => {
                let report = replay::replay(&recording, Side::Before);
                println!("{report}");
                agree &= report.agrees();
            }
            Err(error) => {
                eprintln!("{}: {error}", file.display());
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

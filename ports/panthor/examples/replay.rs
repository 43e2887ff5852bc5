//! Replays recordings of the real driver on the model: `replay [--side before|after] FILE...`, plain or `.xz`.
//!
//! Prints, for each file, how many lines were compared, differ, and were left out, and why. Exits with 0 only where every file
//! could be read and none differs.

#[path = "../tests/replay/mod.rs"]
mod replay;

use std::process::ExitCode;

use drm_core::recording::Recording;
use port_kit::Side;

fn run() -> Result<bool, String> {
    let (mut side, mut files) = (Side::Before, Vec::new());
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--side" => side = args.next().unwrap_or_default().parse()?,
            _ => files.push(arg),
        }
    }
    if files.is_empty() {
        return Err("usage: replay [--side before|after] FILE...".into());
    }
    let mut agree = true;
    for file in files {
        let recording = Recording::open(&file).map_err(|error| format!("{file}: {error}"))?;
        let report = replay::replay(side, &recording)
            .ok_or_else(|| format!("the port has no {side} side yet"))?;
        println!("{report}");
        agree &= report.agrees();
    }
    Ok(agree)
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

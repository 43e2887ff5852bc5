//! Prints what scenarios show on one side: `scenarios [--side before|after] [--json] [--list] [NAME...]`.

#[path = "../tests/scenarios/main.rs"]
mod scenarios;

use std::process::ExitCode;

fn main() -> ExitCode {
    port_kit::scenario::main(&scenarios::all())
}

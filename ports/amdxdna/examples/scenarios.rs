//! Runs the scenarios on one side: `scenarios [--side before|after] [--json] [--list] [NAME...]`.

#[path = "../tests/scenarios/main.rs"]
mod scenarios;

fn main() -> std::process::ExitCode {
    port_kit::scenario::main(&scenarios::all())
}

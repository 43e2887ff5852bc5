//! Runs the scenarios on one side and prints what they show; `--list` names them.

#[path = "../tests/scenarios/main.rs"]
mod scenarios;

fn main() -> std::process::ExitCode {
    port_kit::scenario::main(&scenarios::all())
}

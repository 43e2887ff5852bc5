//! Replays recordings of the real driver, plain or `.xz`: how many lines were compared, how many differ.
//!
//! `cargo run --release -p port-lima --example replay -- [--side before|after] FILE...`
//!
//! Exits with 0 only where every file could be read and no line differs.

#[path = "../tests/replay/mod.rs"]
mod replay;

use std::process::ExitCode;

fn main() -> ExitCode {
    port_kit::replay::main(|recording, side| Some(replay::replay(recording, side)))
}

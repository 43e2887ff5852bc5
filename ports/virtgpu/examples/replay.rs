//! Replays recordings of the fixed suite, plain or `.xz`: how many lines were compared, how many differ.
//!
//! `cargo run --release -p port-virtgpu --example replay -- [--side before|after] FILE...`
//!
//! Exits with 0 only where every file could be read and no line differs.

#[path = "../tests/replay/mod.rs"]
mod replay;

use std::process::ExitCode;

fn main() -> ExitCode {
    port_kit::replay::main(replay::replay)
}

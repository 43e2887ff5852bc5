//! The binary of `cargo xtask`: everything is in the library, so that tests can call it.

use std::process::ExitCode;

fn main() -> ExitCode {
    xtask::run(std::env::args_os())
}

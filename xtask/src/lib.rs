//! The tasks of this workspace, `cargo xtask <task>`, as a library.
//!
//! One module is one task; [`cli`] maps a subcommand to its module and nothing else. A task
//! returns an [`Exit`] or a [`Failure`]; only [`run`] prints a failure and turns it into an exit
//! code. [`findings`] is the one list of findings that every task refers to by number.

pub mod cli;
mod failure;
pub mod findings;
pub mod migrate;
mod out;
pub mod review;
pub mod semver;
#[cfg(feature = "survey")]
pub mod survey;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

pub use failure::{Exit, Failure, Result};

/// Parses `args` (the program name first), runs the task and returns its exit code.
///
/// Codes: 0 done, 1 the tool failed, 2 edits are pending, 3 sites are left by hand, 4 behaviour
/// differs or stability is broken. A command line that does not parse is a failure of the tool's
/// use: 1.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match cli::Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // A closed pipe is no reason to panic; there is nobody left to tell.
            let _ = error.print();
            return if error.use_stderr() {
                Exit::Failed.into()
            } else {
                Exit::Done.into()
            };
        }
    };
    match cli.task.run() {
        Ok(exit) => exit.into(),
        Err(failure) => {
            eprintln!("{failure}");
            Exit::Failed.into()
        }
    }
}

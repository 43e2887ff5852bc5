//! The command line: which task a subcommand is, and nothing about the tasks.

use clap::{Parser, Subcommand};

use crate::{Exit, Result};

/// The tasks of this workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
pub struct Cli {
    /// The task to run.
    #[command(subcommand)]
    pub task: Task,
}

/// How the tasks print that have nothing but text and JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// One task each; a new task is a line here and a line in [`Task::run`].
#[derive(Debug, Subcommand)]
pub enum Task {
    /// Moves a driver from the base class to the parts
    Migrate(crate::migrate::Args),
    /// Reviews the snapshots of the drivers
    Review(crate::review::Args),
    /// Whether a change breaks who depends on the libraries
    Semver(crate::semver::Args),
    /// Which drivers of a real kernel tree lean on gem-shmem, how, and where
    #[cfg(feature = "survey")]
    Survey(crate::survey::Args),
    /// Which drivers of a real kernel tree lean on gem-shmem, how, and where
    #[cfg(not(feature = "survey"))]
    #[command(disable_help_flag = true)]
    Survey {
        /// Passed on as they are.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<std::ffi::OsString>,
    },
}

impl Task {
    /// Runs the task.
    pub fn run(self) -> Result<Exit> {
        match self {
            Task::Migrate(args) => crate::migrate::run(&args),
            Task::Review(args) => crate::review::run(&args),
            #[cfg(feature = "public-api")]
            Task::Semver(args) => crate::semver::run(&args),
            #[cfg(not(feature = "public-api"))]
            Task::Semver(args) if !args.reads_the_api() => crate::semver::run(&args),
            #[cfg(not(feature = "public-api"))]
            Task::Semver(_) => {
                let args: Vec<_> = std::env::args_os().skip(2).collect();
                again_with_feature("public-api", "semver", &args)
            }
            #[cfg(feature = "survey")]
            Task::Survey(args) => crate::survey::run(&args),
            #[cfg(not(feature = "survey"))]
            Task::Survey { args } => again_with_feature("survey", "survey", &args),
        }
    }
}

/// Builds this crate with a feature that a lean build leaves out, and runs the task of it.
#[cfg(not(all(feature = "survey", feature = "public-api")))]
fn again_with_feature(feature: &str, task: &str, args: &[std::ffi::OsString]) -> Result<Exit> {
    use crate::Failure;

    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = std::process::Command::new(cargo)
        .args([
            "run",
            "--quiet",
            "--package",
            "xtask",
            "--no-default-features",
        ])
        .args(["--features", feature, "--", task])
        .args(args)
        .status()
        .map_err(|error| {
            Failure::new(format!(
                "cannot run cargo to build the task `{task}`: {error}"
            ))
            .next(format!(
                "run `cargo run --package xtask --features {feature} -- {task}`"
            ))
        })?;
    match status.code() {
        Some(0) => Ok(Exit::Done),
        Some(2) => Ok(Exit::Pending),
        Some(3) => Ok(Exit::ByHand),
        Some(4) => Ok(Exit::Differs),
        // The child has already said what failed.
        _ => Ok(Exit::Failed),
    }
}

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
            #[cfg(feature = "survey")]
            Task::Survey(args) => crate::survey::run(&args),
            #[cfg(not(feature = "survey"))]
            Task::Survey { args } => survey_with_its_feature(&args),
        }
    }
}

/// Builds this crate with the `survey` feature, which a lean build leaves out, and runs that.
#[cfg(not(feature = "survey"))]
fn survey_with_its_feature(args: &[std::ffi::OsString]) -> Result<Exit> {
    use crate::Failure;

    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = std::process::Command::new(cargo)
        .args([
            "run",
            "--quiet",
            "--package",
            "xtask",
            "--features",
            "survey",
            "--",
            "survey",
        ])
        .args(args)
        .status()
        .map_err(|error| {
            Failure::new(format!("cannot run cargo to build the survey: {error}"))
                .next("run `cargo run --package xtask --features survey -- survey`")
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

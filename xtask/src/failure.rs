//! How a task ends: an exit code, or a failure with what to do next.

use std::fmt;
use std::process::ExitCode;

/// The exit codes of `cargo xtask`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything asked for was done.
    Done,
    /// The tool failed, or its answer is incomplete.
    Failed,
    /// Edits are pending.
    Pending,
    /// Sites are left by hand.
    ByHand,
    /// Behaviour differs, or stability is broken.
    Differs,
}

impl Exit {
    /// The number the process ends with.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Pending => 2,
            Exit::ByHand => 3,
            Exit::Differs => 4,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}

/// What went wrong, and what to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    what: String,
    next: Option<String>,
}

/// A task's result.
pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// A failure described by `what`, a sentence without a full stop.
    pub fn new(what: impl Into<String>) -> Self {
        Failure {
            what: what.into(),
            next: None,
        }
    }

    /// What went wrong.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// Adds what the user can do next, a sentence without a full stop.
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.what)?;
        if let Some(next) = &self.next {
            write!(f, "\n  next: {next}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

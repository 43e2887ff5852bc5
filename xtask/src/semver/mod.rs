//! `cargo xtask semver`: whether a change breaks who depends on the libraries.
//!
//! Two ways, each naming the crates that it has looked at. [`surface`] is the public API as text, one line per item, made from
//! rustdoc's JSON (`api`, behind the feature `public-api`), or the attribute grammar of `migrate-macros` ([`grammar`]);
//! [`compare`] says what a difference of two such texts means. [`checks`] runs `cargo-semver-checks`, where it is installed.
//! [`legacy`] is the ratchet: which items of the base class's old face are still there, for whom.

#[cfg(feature = "public-api")]
pub mod api;
mod baseline;
mod checks;
pub mod compare;
pub mod grammar;
mod legacy;
mod report;
mod surface;
mod version;

use std::path::{Path, PathBuf};

use crate::cli::Format;
use crate::{Exit, Failure, Result};

/// Whether a change breaks who depends on the libraries
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Codes: 0 nothing is broken, or the version says so, 1 the tool failed or looked at nothing, 2 the snapshots of the API are behind, \
                        4 something is broken."
)]
pub struct Args {
    /// Compare with this revision; else with the newest release tag, or with where the recorded release left this branch
    #[arg(long, value_name = "REV")]
    baseline: Option<String>,
    /// Compare the snapshots of the API alone, without `cargo-semver-checks`
    #[arg(long, conflicts_with = "install")]
    snapshots: bool,
    /// Install the pinned `cargo-semver-checks` into `target/`; takes about three minutes, once
    #[arg(long)]
    install: bool,
    /// What of the base class's old face is still used, and by whom
    #[arg(long, conflicts_with_all = ["baseline", "install", "snapshots"])]
    legacy: bool,
    /// With `--legacy`: as if these drivers had moved
    #[arg(
        long,
        value_name = "DRIVER,..",
        value_delimiter = ',',
        requires = "legacy"
    )]
    without: Vec<String>,
    /// With `--legacy`: record what is left; only ever less
    #[arg(long, requires = "legacy", conflicts_with = "without")]
    write: bool,
    /// The workspace to check
    #[arg(long, value_name = "DIR", default_value_os_t = default_workspace())]
    workspace: PathBuf,
    /// How to print
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl Args {
    /// Whether the answer needs the public API of a crate.
    pub fn reads_the_api(&self) -> bool {
        !self.legacy && !self.install
    }
}

/// The root of the workspace that this task was built from.
fn default_workspace() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    root.canonicalize().unwrap_or(root)
}

/// The crates that others depend on.
pub const CRATES: [&str; 3] = ["gem-shmem", "gem-uma", "migrate-macros"];

/// Runs the task.
pub fn run(args: &Args) -> Result<Exit> {
    let root = args.workspace.canonicalize().map_err(|error| {
        Failure::new(format!(
            "cannot open the workspace {}: {error}",
            args.workspace.display()
        ))
    })?;
    if args.legacy {
        return legacy::run(&root, &args.without, args.write, args.format);
    }
    if args.install {
        return checks::install(&root);
    }
    let baseline = baseline::find(&root, args.baseline.as_deref())?;
    let mut looked = surface::look(&root, baseline.as_ref())?;
    if !args.snapshots {
        let baseline = baseline.as_ref().ok_or_else(baseline::none)?;
        looked.extend(checks::run(&root, &baseline.revision)?);
    }
    if let Some(baseline) = &baseline {
        for one in &mut looked {
            one.versions = version::Versions::of(&root, &baseline.revision, &one.name);
        }
    }
    report::print(&looked, baseline.as_ref(), args.format)?;
    report::exit(&looked)
}

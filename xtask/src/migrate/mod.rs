//! `cargo xtask migrate`: takes a driver from the gem-shmem base class to the parts of gem-uma.
//!
//! Five steps, one module each: [`locate`] (the compiler finds the sites), [`plan`] (a rule for each, or a reason why not),
//! [`format`](mod@format) (of what the edits touched), [`verify`] (build the result, compare both sides), [`report`].
//! Planning does no input or output but reading the sources; only [`write`](mod@write) writes to a crate.

mod ask;
mod check;
mod context;
mod edit;
mod explain;
mod format;
#[cfg(test)]
mod half_moved;
mod interrupt;
pub mod krate;
pub(crate) mod locate;
mod macro_body;
mod manifest;
mod model;
mod names;
#[cfg(test)]
mod pages;
mod plan;
mod progress;
pub(crate) mod report;
mod rules;
mod run;
mod series;
mod source;
mod stage;
mod unseen;
pub(crate) mod verify;
mod write;

use std::path::{Path, PathBuf};

use crate::findings::Number;
use crate::{Exit, Failure, Result};
use plan::Only;
use report::Row;
use run::{Outcome, Settings};

/// Moves a driver from the base class to the parts
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The driver of a port; without one, the board of all ports is printed
    #[arg(conflicts_with_all = ["path", "all"])]
    driver: Option<String>,
    /// Any crate that depends on `gem-shmem` with the feature `legacy`; rewritten in place
    #[arg(long, value_name = "DIR", conflicts_with = "all")]
    path: Option<PathBuf>,
    /// Every port, one after the other
    #[arg(long)]
    all: bool,
    /// Write the result; only on a clean git tree
    #[arg(long, conflicts_with = "check")]
    write: bool,
    /// Write although the git tree has changes
    #[arg(long, requires = "write")]
    allow_dirty: bool,
    /// Fail when the committed board, or an after side, is not what the tool says today
    #[arg(long)]
    check: bool,
    /// Ask about each site
    #[arg(long, conflicts_with_all = ["check", "all", "series"])]
    interactive: bool,
    /// Handle these findings alone
    #[arg(long, value_name = "F03,..", value_delimiter = ',')]
    only: Vec<Number>,
    /// Write the move as a series of patches, after building and running every prefix of it
    #[arg(long, value_name = "DIR", conflicts_with_all = ["write", "check", "all"])]
    series: Option<PathBuf>,
    /// Explain a finding, and do nothing else
    #[arg(long, value_name = "F03")]
    explain: Option<Number>,
    /// Do not build the result and run its scenarios
    #[arg(long)]
    no_verify: bool,
    /// How to print
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// How to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For machines.
    Json,
    /// For code review tools.
    Sarif,
}

/// Runs the task.
pub fn run(args: &Args) -> Result<Exit> {
    if let Some(finding) = args.explain {
        print!("{}", explain::page(finding)?);
        return Ok(Exit::Done);
    }
    interrupt::listen();
    let workspace = workspace()?;
    let settings = Settings {
        target: workspace.join("target/migrate"),
        workspace: workspace.clone(),
        only: Only {
            findings: (!args.only.is_empty()).then(|| args.only.clone()),
            refused: Vec::new(),
        },
        interactive: args.interactive,
        verify: !args.no_verify,
    };
    if let Some(dir) = &args.path {
        let outcome = run::one(&krate::at(dir)?, &settings)?;
        return finish_one(args, &settings, &outcome);
    }
    if let Some(driver) = &args.driver {
        let outcome = run::one(&krate::port(&workspace, driver)?, &settings)?;
        return finish_one(args, &settings, &outcome);
    }
    board(args, &workspace, &settings)
}

fn finish_one(args: &Args, settings: &Settings, outcome: &Outcome) -> Result<Exit> {
    if let Some(folder) = &args.series {
        let start = std::time::Instant::now();
        let patches = series::write(outcome, settings, folder)?;
        print!(
            "{}",
            report::series(&patches, folder, start.elapsed().as_secs())
        );
        return Ok(Exit::Done);
    }
    match args.format {
        Format::Text => print!("{}", report::text(outcome)),
        Format::Json => println!("{}", report::json(&[report::details(outcome)])?),
        Format::Sarif => println!("{:#}", report::sarif(&[outcome])),
    }
    if args.write {
        return write_result(args, settings, outcome);
    }
    Ok(outcome.exit(false))
}

/// Writes the result, if it may be written: a clean tree, and for a crate that is no port a result that compiles. Where sites are
/// left by hand, that is a half-moved driver, on `#[bridge]`.
fn write_result(args: &Args, settings: &Settings, outcome: &Outcome) -> Result<Exit> {
    write::sweep(&outcome.result);
    if !args.allow_dirty {
        write::require_clean_tree(&outcome.krate.root)?;
    }
    let mut files = outcome.result.clone();
    if !outcome.krate.is_port() {
        files = run::half_moved(outcome)?;
        let step = progress::Step::new(&outcome.krate.driver, "building what is to be written");
        let checked = check::check(&outcome.krate, &files, &settings.target);
        drop(step);
        if let Err(failure) = checked {
            let left = outcome.plan.by_hand().count();
            if left == 0 {
                return Err(failure);
            }
            return Err(Failure::new(format!(
                "nothing was written: a driver that is moved up to the {left} sites left by hand does not compile"
            ))
            .next("do first what the report says at those sites, and run again"));
        }
    }
    interrupt::while_writing(|asked| write::write_unless(&outcome.krate.root, &files, asked))?;
    if args.format == Format::Text {
        println!(
            "wrote {} files below {}",
            files.len(),
            outcome.krate.root.display()
        );
    }
    Ok(outcome.exit(true))
}

fn board(args: &Args, workspace: &Path, settings: &Settings) -> Result<Exit> {
    let ports = krate::ports(workspace)?;
    let mut outcomes = Vec::new();
    let mut exit = Exit::Done;
    for port in &ports {
        let outcome = run::one(port, settings)?;
        if args.all && args.format == Format::Text {
            print!("{}", report::text(&outcome));
        }
        let this = outcome.exit(false);
        if this.code() > exit.code() {
            exit = this;
        }
        outcomes.push(outcome);
    }
    let rows: Vec<Row> = outcomes.iter().map(Row::of).collect();
    match args.format {
        Format::Text => print!("{}", report::board(&rows)),
        Format::Json => println!("{}", report::json(&rows)?),
        Format::Sarif => println!("{:#}", report::sarif(&outcomes.iter().collect::<Vec<_>>())),
    }
    if args.check {
        return report::check(workspace, &rows);
    }
    Ok(exit)
}

/// The root of the workspace that this task was built from.
fn workspace() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    root.canonicalize().map_err(|error| {
        Failure::new(format!(
            "the workspace that this tool was built from is gone: {error}"
        ))
        .next("run it as `cargo xtask migrate` from a clone of the project")
    })
}

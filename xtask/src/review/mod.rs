//! `cargo xtask review`: what the snapshots of the drivers show, what waits for a decision, and the decision.
//!
//! [`board`] reads what there is: [`snapshots`] and the pending files of insta ([`pending`]), the [`sources`] that they come from,
//! the two sides of a trace ([`trace`]) and the [`defects`] that explain a difference. [`list`](mod@list), [`show`] and [`html`]
//! print it. Only [`decide`](mod@decide) writes: it accepts and rejects, by the code of insta that `cargo insta` runs. [`live`] runs the
//! scenarios anew and says where the snapshots are behind.

mod board;
mod decide;
mod defects;
mod diff;
mod html;
mod inline;
mod json;
mod list;
mod live;
mod names;
mod pending;
mod show;
mod snapshots;
mod sources;
mod space;
mod trace;

use std::path::{Path, PathBuf};

use crate::cli::Format;
use crate::out::print;
use crate::{Exit, Failure, Result};
use board::Board;
use decide::Decision;

pub(crate) use diff::counts as changed_lines;

/// Reviews the snapshots of the drivers
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Codes: 0 nothing waits, 1 the tool failed, 2 snapshots wait for a decision or are orphans, \
                        4 with --run: a side shows something else than its snapshot."
)]
pub struct Args {
    /// Drivers, scenarios (`NAME` or `DRIVER/NAME`) or files; scenarios and files are shown in full
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Accept the pending snapshots of the names
    #[arg(long, conflicts_with_all = ["reject", "delete_orphans", "html", "run"])]
    accept: bool,
    /// Reject the pending snapshots of the names
    #[arg(long, conflicts_with_all = ["delete_orphans", "html", "run"])]
    reject: bool,
    /// Delete the named snapshots that no test writes any more
    #[arg(long, conflicts_with_all = ["html", "run"])]
    delete_orphans: bool,
    /// Decide about every pending snapshot, or delete every orphan
    #[arg(long, conflicts_with = "names")]
    all: bool,
    /// Write a page that stands alone
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Run the scenarios of the named drivers on both sides, and compare with their snapshots
    #[arg(long)]
    run: bool,
    /// The workspace to review
    #[arg(long, value_name = "DIR", default_value_os_t = default_workspace())]
    workspace: PathBuf,
    /// How to print
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// The text of a snapshot file.
pub(crate) fn snapshot_text(path: &Path) -> Result<String> {
    pending::read(path).map(|snapshot| pending::text(&snapshot))
}

/// The root of the workspace that this task was built from.
fn default_workspace() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    root.canonicalize().unwrap_or(root)
}

/// Runs the task.
pub fn run(args: &Args) -> Result<Exit> {
    let root = args.workspace.canonicalize().map_err(|error| {
        Failure::new(format!(
            "cannot open the workspace {}: {error}",
            args.workspace.display()
        ))
    })?;
    let board = Board::read(&root)?;
    if args.accept || args.reject {
        let decision = if args.accept {
            Decision::Accept
        } else {
            Decision::Reject
        };
        return decide(args, &board, decision);
    }
    if args.delete_orphans {
        return delete(args, &board);
    }
    if args.all {
        return Err(Failure::new("--all decides nothing by itself")
            .next("say `--accept --all`, `--reject --all` or `--delete-orphans --all`"));
    }
    if args.run {
        return live::run(&board, &args.names, args.format);
    }
    let chosen = names::choose(&board, &args.names)?;
    if let Some(file) = &args.html {
        let page = html::page(&chosen);
        std::fs::write(file, page)
            .map_err(|error| Failure::new(format!("cannot write {}: {error}", file.display())))?;
        print(&format!("wrote {}\n", file.display()))?;
        return Ok(chosen.exit());
    }
    match args.format {
        Format::Json => print(&json::board(&chosen)?)?,
        Format::Text if names::are_entries(&board, &args.names) => {
            let shown: Vec<String> = chosen
                .entries()
                .map(|(driver, entry)| show::entry(&chosen, driver, entry))
                .collect();
            print(&shown.join("\n"))?;
        }
        Format::Text => print(&list::board(&chosen, !args.names.is_empty()))?,
    }
    Ok(chosen.exit())
}

fn named(args: &Args) -> Result<()> {
    if args.names.is_empty() && !args.all {
        return Err(
            Failure::new("nothing is named").next("name files, scenarios or drivers, or say --all")
        );
    }
    Ok(())
}

fn delete(args: &Args, board: &Board) -> Result<Exit> {
    named(args)?;
    let chosen = names::choose(board, &args.names)?;
    if chosen.orphans.is_empty() && !args.all {
        return Err(Failure::new(format!(
            "no orphan is meant by {}: a test writes what is there",
            args.names.join(", ")
        ))
        .next("`cargo xtask review` lists the orphans"));
    }
    let deleted = decide::delete(&chosen)?;
    print(&match args.format {
        Format::Json => json::decided(&deleted, "deleted")?,
        Format::Text => done(&deleted, "deleted", "orphans"),
    })?;
    Ok(Exit::Done)
}

fn decide(args: &Args, board: &Board, decision: Decision) -> Result<Exit> {
    named(args)?;
    let chosen = names::choose(board, &args.names)?;
    let decided = decide::decide(&chosen, decision)?;
    if decided.is_empty() && !args.all {
        return Err(Failure::new(format!(
            "nothing waits for a decision in {}",
            args.names.join(", ")
        ))
        .next("`cargo xtask review` lists what does"));
    }
    print(&match args.format {
        Format::Json => json::decided(&decided, decision.past())?,
        Format::Text => done(&decided, decision.past(), "snapshots"),
    })?;
    Ok(Exit::Done)
}

/// What was done to which files, a line each, and how many.
fn done(paths: &[PathBuf], word: &str, what: &str) -> String {
    let mut text: String = paths
        .iter()
        .map(|path| format!("{word} {}\n", path.display()))
        .collect();
    text.push_str(&format!("{} {what} {word}\n", paths.len()));
    text
}

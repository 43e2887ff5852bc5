//! The list for machines; keys keep their order, and `schema` counts the changes of its shape.

use std::path::PathBuf;

use serde::Serialize;

use super::board::Board;
use super::defects::Defect;
use super::diff;
use super::trace::Sides;
use crate::{Failure, Result};

const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Report<'a> {
    schema: u32,
    drivers: Vec<DriverLine<'a>>,
    orphans: Vec<PathBuf>,
}

#[derive(Serialize)]
struct DriverLine<'a> {
    driver: &'a str,
    moved: bool,
    defects: &'a [Defect],
    snapshots: Vec<SnapshotLine<'a>>,
}

#[derive(Serialize)]
struct SnapshotLine<'a> {
    name: &'a str,
    module: &'a str,
    snapshot: PathBuf,
    scenario: bool,
    source: Option<Place>,
    #[serde(flatten)]
    sides: Option<&'a Sides>,
    pending: Option<PendingLine<'a>>,
}

#[derive(Serialize)]
struct Place {
    file: PathBuf,
    line: usize,
}

#[derive(Serialize)]
struct PendingLine<'a> {
    file: PathBuf,
    line: Option<u32>,
    removed_lines: usize,
    added_lines: usize,
    old: Option<&'a str>,
    new: &'a str,
}

#[derive(Serialize)]
struct Decided<'a> {
    schema: u32,
    decision: &'static str,
    snapshots: &'a [PathBuf],
}

fn print(value: &impl Serialize) -> Result<String> {
    serde_json::to_string_pretty(value)
        .map(|text| text + "\n")
        .map_err(|error| Failure::new(format!("cannot print the report: {error}")))
}

/// The board.
pub fn board(board: &Board) -> Result<String> {
    let drivers = board
        .drivers
        .iter()
        .map(|driver| DriverLine {
            driver: &driver.name,
            moved: driver.moved,
            defects: &driver.defects,
            snapshots: driver
                .entries
                .iter()
                .map(|entry| SnapshotLine {
                    name: &entry.name,
                    module: &entry.module,
                    snapshot: board.relative(&entry.path).to_owned(),
                    scenario: entry.is_scenario(),
                    source: entry.source.as_ref().map(|source| Place {
                        file: board.relative(&source.file).to_owned(),
                        line: source.line,
                    }),
                    sides: entry.sides.as_ref(),
                    pending: entry.pending.as_ref().map(|pending| {
                        let old = pending.old.as_deref();
                        let (removed_lines, added_lines) =
                            diff::counts(old.unwrap_or_default(), &pending.new);
                        PendingLine {
                            file: board.relative(&pending.file).to_owned(),
                            line: pending.line,
                            removed_lines,
                            added_lines,
                            old,
                            new: &pending.new,
                        }
                    }),
                })
                .collect(),
        })
        .collect();
    print(&Report {
        schema: SCHEMA,
        drivers,
        orphans: board
            .orphans
            .iter()
            .map(|orphan| board.relative(orphan).to_owned())
            .collect(),
    })
}

/// What was decided.
pub fn decided(snapshots: &[PathBuf], decision: &'static str) -> Result<String> {
    print(&Decided {
        schema: SCHEMA,
        decision,
        snapshots,
    })
}

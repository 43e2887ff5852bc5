//! The board: one row per driver.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::migrate::run::Outcome;
use crate::{Exit, Failure, Result};

/// A scenario that differs, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The scenario.
    pub scenario: String,
    /// A defect (`D3`) or a change on purpose (`C2`).
    pub reason: String,
}

/// One driver's row; also what `--format json` prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The driver.
    pub driver: String,
    /// Sites that lean on the base class.
    pub sites: usize,
    /// Those that the tool rewrites.
    pub rewritten: usize,
    /// Those left by hand.
    pub by_hand: usize,
    /// Lines by which the committed after side differs from the tool's output.
    pub hand_delta_lines: usize,
    /// Scenarios run on both sides.
    pub scenarios: usize,
    /// Scenarios whose traces are equal.
    pub equal: usize,
    /// Scenarios that differ for a reason.
    pub differing: Vec<Difference>,
    /// Scenarios that differ without one.
    pub broken: usize,
    /// Defects of the before side that the after side ends.
    pub defects: Vec<String>,
    /// Lines of the before side.
    pub lines_before: usize,
    /// Lines of the after side.
    pub lines_after: usize,
}

impl Row {
    /// The row of an outcome.
    pub fn of(outcome: &Outcome) -> Self {
        let differing: Vec<Difference> = outcome
            .differing()
            .map(|(scenario, reason)| Difference {
                scenario: scenario.name.clone(),
                reason: reason.to_owned(),
            })
            .collect();
        let mut defects: Vec<String> = differing
            .iter()
            .map(|difference| difference.reason.clone())
            .filter(|reason| reason.starts_with('D'))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        defects.sort_by_key(|defect| (defect.len(), defect.clone()));
        Self {
            driver: outcome.krate.driver.clone(),
            sites: outcome.plan.sites.len(),
            rewritten: outcome.plan.rewritten(),
            by_hand: outcome.plan.by_hand().count(),
            hand_delta_lines: outcome.hand_delta(),
            scenarios: outcome.scenarios.len(),
            equal: outcome.equal(),
            differing,
            broken: outcome.broken().count(),
            defects,
            lines_before: outcome.lines_before,
            lines_after: outcome.lines_after(),
        }
    }
}

const HEADINGS: [&str; 10] = [
    "driver",
    "sites",
    "rewritten",
    "by hand",
    "hand delta",
    "scenarios",
    "equal",
    "differing",
    "defects ended",
    "lines",
];

/// The board as a table.
pub fn board(rows: &[Row]) -> String {
    let mut cells: Vec<Vec<String>> = vec![HEADINGS.map(str::to_owned).to_vec()];
    for row in rows {
        let broken = if row.broken > 0 {
            format!(" ({} broken)", row.broken)
        } else {
            String::new()
        };
        cells.push(vec![
            row.driver.clone(),
            row.sites.to_string(),
            format!("{} ({}%)", row.rewritten, percent(row.rewritten, row.sites)),
            row.by_hand.to_string(),
            row.hand_delta_lines.to_string(),
            row.scenarios.to_string(),
            row.equal.to_string(),
            format!("{}{broken}", row.differing.len()),
            if row.defects.is_empty() {
                "-".to_owned()
            } else {
                row.defects.join(" ")
            },
            format!("{} -> {}", row.lines_before, row.lines_after),
        ]);
    }
    let widths: Vec<usize> = (0..HEADINGS.len())
        .map(|column| cells.iter().map(|row| row[column].len()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for row in cells {
        let line: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        let _ = writeln!(text, "{}", line.join("  ").trim_end());
    }
    text
}

fn percent(part: usize, whole: usize) -> usize {
    (part * 100).checked_div(whole).unwrap_or(100)
}

/// Where the board is committed.
const COMMITTED: &str = "xtask/data/board.json";

/// The rows of the committed board; none where there is no board, or a damaged one, which [`check`] reports.
pub fn committed(workspace: &Path) -> Vec<Row> {
    std::fs::read_to_string(workspace.join(COMMITTED))
        .ok()
        .and_then(|text| serde_json::from_str::<super::json::Board>(&text).ok())
        .map(|board| board.drivers)
        .unwrap_or_default()
}

/// Compares with the committed board. A difference is drift: the failure says which row, and how to accept it.
pub fn check(workspace: &Path, rows: &[Row]) -> Result<Exit> {
    let path = workspace.join(COMMITTED);
    let text = std::fs::read_to_string(&path).map_err(|error| {
        Failure::new(format!(
            "cannot read the committed board {COMMITTED}: {error}"
        ))
        .next(accept())
    })?;
    let committed: super::json::Board = serde_json::from_str(&text).map_err(|error| {
        Failure::new(format!(
            "the committed board {COMMITTED} is damaged: {error}"
        ))
        .next(accept())
    })?;
    let drifted: Vec<&str> = rows
        .iter()
        .filter(|row| !committed.drivers.contains(row))
        .map(|row| row.driver.as_str())
        .chain(
            committed
                .drivers
                .iter()
                .map(|row| row.driver.as_str())
                .filter(|driver| rows.iter().all(|row| row.driver != *driver)),
        )
        .collect();
    if drifted.is_empty() {
        return Ok(Exit::Done);
    }
    eprintln!(
        "the board has drifted from {COMMITTED}: {}\n  next: {}",
        drifted.join(", "),
        accept()
    );
    Ok(Exit::Differs)
}

fn accept() -> String {
    format!("if that is what you want: cargo xtask migrate --format json > {COMMITTED}")
}

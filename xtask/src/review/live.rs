//! The scenarios run anew, both sides, against what their snapshots show.

use std::collections::BTreeSet;

use serde::Serialize;

use super::board::{Board, Driver};
use crate::cli::Format;
use crate::migrate::krate::{self, Krate};
use crate::migrate::verify::{Shown, run_side};
use crate::out::print;
use crate::{Exit, Failure, Result};

/// A scenario whose run shows something else than its snapshot.
#[derive(Debug, Serialize)]
struct Behind {
    driver: String,
    scenario: String,
    what: String,
}

/// Runs the scenarios of the drivers named, or of all, and compares.
pub fn run(board: &Board, names: &[String], format: Format) -> Result<Exit> {
    let ports = match names {
        [] => krate::ports(&board.root)?,
        names => names
            .iter()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .map(|name| krate::port(&board.root, name))
            .collect::<Result<_>>()?,
    };
    let (mut behind, mut compared) = (Vec::new(), 0);
    for port in &ports {
        let Some(driver) = board
            .drivers
            .iter()
            .find(|driver| driver.name == port.driver)
        else {
            continue;
        };
        compared += compare(board, port, driver, &mut behind)?;
    }
    if compared == 0 {
        return Err(Failure::new("no scenario was run")
            .next("name a driver whose port has scenarios; `cargo xtask review` lists them"));
    }
    print(&match format {
        Format::Json => format!(
            "{}\n",
            serde_json::json!({ "schema": 1, "compared": compared, "behind": behind })
        ),
        Format::Text => {
            let mut text: String = behind
                .iter()
                .map(|one| format!("{}/{}: {}\n", one.driver, one.scenario, one.what))
                .collect();
            text.push_str(&format!(
                "{compared} scenarios run, {} show something else than their snapshots\n",
                behind.len()
            ));
            text
        }
    })?;
    Ok(match behind.is_empty() {
        true => Exit::Done,
        false => Exit::Differs,
    })
}

fn compare(
    board: &Board,
    port: &Krate,
    driver: &Driver,
    behind: &mut Vec<Behind>,
) -> Result<usize> {
    let target = board.root.join("target/migrate");
    let before = run_side(port, &board.root, &target, "before")?;
    let after = match driver.moved {
        true => run_side(port, &board.root, &target, "after")?,
        false => Vec::new(),
    };
    for shown in &before {
        let other = after.iter().find(|other| other.name == shown.name);
        if let Some(what) = difference(driver, shown, other) {
            behind.push(Behind {
                driver: driver.name.clone(),
                scenario: shown.name.clone(),
                what,
            });
        }
    }
    Ok(before.len())
}

fn difference(driver: &Driver, before: &Shown, after: Option<&Shown>) -> Option<String> {
    let Some(sides) = driver
        .entries
        .iter()
        .find(|entry| entry.name == before.name)
        .and_then(|entry| entry.sides.as_ref())
    else {
        return Some("there is no snapshot".to_owned());
    };
    if sides.before().trim_end() != before.trace.trim_end() {
        return Some("the before side shows something else".to_owned());
    }
    let after = after.map(|shown| shown.trace.trim_end());
    if after != sides.after().map(str::trim_end) {
        return Some("the after side shows something else".to_owned());
    }
    (before.differs.as_deref() != sides.reason()).then(|| "the reason is another".to_owned())
}

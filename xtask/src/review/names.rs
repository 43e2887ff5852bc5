//! Which entries a name means: a driver, a scenario, `driver/scenario`, or a file.

use std::path::Path;

use super::board::{Board, Driver, Entry};
use crate::{Failure, Result};

/// The part of the board that the names mean; all of it without a name.
pub fn choose(board: &Board, names: &[String]) -> Result<Board> {
    if names.is_empty() {
        return Ok(board.clone());
    }
    if let Some(unknown) = names.iter().find(|name| {
        !board
            .entries()
            .any(|(driver, entry)| means(board, name, driver, entry))
    }) {
        return Err(unknown_name(board, unknown));
    }
    let chosen =
        |driver: &Driver, entry: &Entry| names.iter().any(|name| means(board, name, driver, entry));
    let drivers: Vec<Driver> = board
        .drivers
        .iter()
        .map(|driver| Driver {
            entries: driver
                .entries
                .iter()
                .filter(|entry| chosen(driver, entry))
                .cloned()
                .collect(),
            ..driver.clone()
        })
        .filter(|driver| !driver.entries.is_empty())
        .collect();
    let orphans = board
        .orphans
        .iter()
        .filter(|orphan| {
            drivers
                .iter()
                .any(|driver| driver.entries.iter().any(|entry| entry.path == **orphan))
        })
        .cloned()
        .collect();
    Ok(Board {
        root: board.root.clone(),
        drivers,
        rows: board.rows.clone(),
        orphans,
    })
}

/// Whether there are names, and none is a driver's: then each entry is meant to be seen in full.
pub fn are_entries(board: &Board, names: &[String]) -> bool {
    !names.is_empty()
        && names
            .iter()
            .all(|name| board.drivers.iter().all(|driver| driver.name != *name))
}

fn means(board: &Board, name: &str, driver: &Driver, entry: &Entry) -> bool {
    if name == driver.name || name == entry.name {
        return true;
    }
    if let Some((of, scenario)) = name.split_once('/')
        && of == driver.name
        && scenario == entry.name
    {
        return true;
    }
    let is_file = |path: &Path| {
        let given = Path::new(name);
        path == given
            || board.relative(path) == given
            || given.canonicalize().is_ok_and(|given| given == path)
    };
    is_file(&entry.path)
        || entry
            .pending
            .as_ref()
            .is_some_and(|pending| is_file(&pending.file))
}

fn unknown_name(board: &Board, name: &str) -> Failure {
    let failure = Failure::new(format!("`{name}` is no driver, scenario or snapshot file"));
    let drivers = board.drivers.iter().map(|driver| driver.name.as_str());
    let entries = board.entries().map(|(_, entry)| entry.name.as_str());
    let nearest = drivers
        .chain(entries)
        .map(|known| (strsim::jaro_winkler(known, name), known))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((_, known)) => failure.next(format!("did you mean `{known}`?")),
        None => failure.next("`cargo xtask review` lists them"),
    }
}

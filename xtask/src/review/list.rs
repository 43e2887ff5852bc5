//! The list: per driver, what waits, what differs and why, what is equal.

use std::fmt::Write;

use super::board::{Board, Driver, Entry};
use super::diff;
use super::trace::Sides;

/// The list as text; `all` names the equal scenarios, too, and those of one side.
pub fn board(board: &Board, all: bool) -> String {
    let mut text = String::new();
    for driver in &board.drivers {
        driver_lines(&mut text, board, driver, all);
    }
    for orphan in &board.orphans {
        let _ = writeln!(
            text,
            "orphan: no test writes {}",
            board.relative(orphan).display()
        );
    }
    let waiting = board.pending().count();
    if waiting > 0 {
        let _ = writeln!(
            text,
            "\n{waiting} pending: `cargo xtask review NAME` shows one, `--accept NAME` or `--reject NAME` decides"
        );
    }
    if !board.orphans.is_empty() {
        let _ = writeln!(
            text,
            "\n{} orphans: `--delete-orphans NAME` deletes one; or bring its test back",
            board.orphans.len()
        );
    }
    text
}

fn driver_lines(text: &mut String, board: &Board, driver: &Driver, all: bool) {
    let (mut equal, mut one, mut differing) = (0, 0, 0);
    for entry in driver.scenarios() {
        match entry.sides {
            Some(Sides::Equal { .. }) => equal += 1,
            Some(Sides::OneSide { .. }) => one += 1,
            Some(Sides::Differ { .. }) => differing += 1,
            Some(Sides::Text { .. }) | None => {}
        }
    }
    let scenarios = driver.scenarios().count();
    let tests = driver.entries.len() - scenarios;
    let mut parts = vec![format!("{scenarios} scenarios")];
    for (count, word) in [
        (equal, "equal"),
        (differing, "differing"),
        (one, "on one side"),
        (tests, "snapshots of tests"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {word}"));
        }
    }
    let waiting = driver
        .entries
        .iter()
        .filter(|entry| entry.pending.is_some())
        .count();
    if waiting > 0 {
        parts.push(format!("{waiting} pending"));
    }
    if scenarios == 0 {
        parts.remove(0);
    }
    let _ = writeln!(text, "{}: {}", driver.name, parts.join(", "));
    for entry in driver
        .entries
        .iter()
        .filter(|entry| entry.pending.is_some())
    {
        pending_line(text, board, entry);
    }
    for entry in driver
        .entries
        .iter()
        .filter(|entry| entry.pending.is_none())
    {
        let Some(sides) = &entry.sides else { continue };
        match sides {
            Sides::Differ { reason, .. } => {
                let title = driver
                    .defect(reason)
                    .map_or("explained nowhere", |defect| defect.title.as_str());
                let _ = writeln!(text, "  {reason:<9} {}: {title}", entry.name);
            }
            _ if all => {
                let _ = writeln!(text, "  {:<9} {}", sides.word(), entry.name);
            }
            _ => {}
        }
    }
}

fn pending_line(text: &mut String, board: &Board, entry: &Entry) {
    let Some(pending) = &entry.pending else {
        return;
    };
    let what = match &pending.old {
        Some(old) => {
            let (removed, added) = diff::counts(old, &pending.new);
            format!("-{removed} +{added}")
        }
        None => "new".to_owned(),
    };
    let _ = writeln!(
        text,
        "  pending   {} ({what}) {}",
        entry.name,
        board.relative(&pending.file).display()
    );
}

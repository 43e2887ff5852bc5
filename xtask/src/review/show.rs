//! One scenario in full: its source, both sides, and what waits, word by word.

use std::fmt::Write;
use std::io::IsTerminal;

use super::board::{Board, Driver, Entry};
use super::diff;
use super::pending::Pending;
use super::trace::Sides;

/// The entry as text.
pub fn entry(board: &Board, driver: &Driver, entry: &Entry) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{}/{}", driver.name, entry.name);
    let _ = writeln!(text, "snapshot: {}", board.relative(&entry.path).display());
    if board.orphans.contains(&entry.path) {
        let _ = writeln!(text, "orphan: no test writes it");
    }
    if let Some(source) = &entry.source {
        let _ = writeln!(
            text,
            "source: {}:{}\n\n{}\n",
            board.relative(&source.file).display(),
            source.line,
            source.text
        );
    }
    sides(&mut text, driver, &entry.shown());
    if let Some(pending) = &entry.pending {
        waiting(&mut text, board, entry, pending);
    }
    text
}

fn sides(text: &mut String, driver: &Driver, sides: &Sides) {
    match sides {
        Sides::Equal { trace } => {
            let _ = writeln!(text, "both sides show:\n\n{}", trace.trim_end());
        }
        Sides::OneSide { trace } => {
            let _ = writeln!(
                text,
                "before (there is no after side yet):\n\n{}",
                trace.trim_end()
            );
        }
        Sides::Text { text: shown } => {
            let _ = writeln!(text, "{}", shown.trim_end());
        }
        Sides::Differ {
            reason,
            before,
            after,
        } => {
            match driver.defect(reason) {
                Some(defect) => {
                    let _ = writeln!(text, "{reason}: {}\n\n{}\n", defect.title, defect.text);
                }
                None => {
                    let _ = writeln!(text, "{reason} is explained nowhere\n");
                }
            }
            columns(text, ("before", before), ("after", after));
        }
    }
}

/// How wide a terminal is, as far as the environment tells.
fn width() -> usize {
    std::env::var("COLUMNS")
        .ok()
        .and_then(|columns| columns.parse().ok())
        .unwrap_or(160)
        .clamp(60, 400)
}

/// Two texts in two columns, longer lines continued below; `|` marks what differs.
fn columns(text: &mut String, left: (&str, &str), right: (&str, &str)) {
    let column = (width() - 3) / 2;
    let _ = writeln!(text, "{:<column$}   {}", left.0, right.0);
    for pair in diff::side_by_side(left.1, right.1) {
        let mark = if pair.is_equal() { ' ' } else { '|' };
        let (lefts, rights) = (
            wrapped(pair.left.unwrap_or_default(), column),
            wrapped(pair.right.unwrap_or_default(), column),
        );
        for at in 0..lefts.len().max(rights.len()) {
            let (left, right) = (
                lefts.get(at).map_or("", String::as_str),
                rights.get(at).map_or("", String::as_str),
            );
            let _ = writeln!(
                text,
                "{}",
                format!("{left:<column$} {mark} {right}").trim_end()
            );
        }
    }
}

fn wrapped(line: &str, width: usize) -> Vec<String> {
    let characters: Vec<char> = line.chars().collect();
    if characters.is_empty() {
        return vec![String::new()];
    }
    characters
        .chunks(width)
        .map(|chunk| chunk.iter().collect())
        .collect()
}

fn waiting(text: &mut String, board: &Board, entry: &Entry, pending: &Pending) {
    let _ = writeln!(
        text,
        "\npending: {}",
        board.relative(&pending.file).display()
    );
    let old = pending.old.as_deref().unwrap_or_default();
    if pending.old.is_none() {
        let _ = writeln!(
            text,
            "there is no snapshot yet\n\n{}",
            pending.new.trim_end()
        );
    } else {
        let _ = writeln!(text);
        columns(text, ("old snapshot", old), ("new snapshot", &pending.new));
        let _ = writeln!(text, "\nwhat changed:\n");
        changed_words(text, old, &pending.new);
    }
    let _ = writeln!(
        text,
        "\nto decide: cargo xtask review --accept {0}   or   --reject {0}",
        entry.name
    );
}

/// The changed lines, with `[-words that went-]` and `{+words that came+}`, coloured for a terminal.
fn changed_words(text: &mut String, old: &str, new: &str) {
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    for line in diff::words(&with_end(old), &with_end(new), 2) {
        let Some(line) = line else {
            text.push_str("  ...\n");
            continue;
        };
        let (open, close, code) = match line.mark {
            '-' => ("[-", "-]", "31"),
            '+' => ("{+", "+}", "32"),
            _ => ("", "", "0"),
        };
        text.push(line.mark);
        text.push(' ');
        for (changed, part) in line.parts {
            match (changed, colour) {
                (false, _) => text.push_str(&part),
                (true, false) => {
                    let _ = write!(text, "{open}{part}{close}");
                }
                (true, true) => {
                    let _ = write!(text, "\u{1b}[{code}m{open}{part}{close}\u{1b}[0m");
                }
            }
        }
        text.push('\n');
    }
}

fn with_end(text: &str) -> String {
    format!("{}\n", text.trim_end_matches('\n'))
}

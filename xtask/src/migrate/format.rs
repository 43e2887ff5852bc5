//! Step 3b, format: `rustfmt`, but only where an edit touched an item; everything else stays as its author wrote it.

use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::process::{Command, Stdio};

use similar::{DiffOp, TextDiff};

use super::edit::EditSet;
use super::source::Source;
use crate::{Failure, Result};

/// `result`, formatted inside the items that `edits` touched. Without `rustfmt`, or when the text does not parse, it stays
/// as it is.
pub fn touched(root: &Path, source: &Source, edits: &EditSet, result: &str) -> Result<String> {
    if edits.is_empty() {
        return Ok(result.to_owned());
    }
    let Some(formatted) = rustfmt(root, result)? else { return Ok(result.to_owned()) };
    let lines = touched_lines(source, edits, result);
    let diff = TextDiff::from_lines(result, formatted.as_str());
    let mut text = String::with_capacity(result.len());
    for op in diff.ops() {
        let old: String = diff.old_slices()[op.old_range()].concat();
        let new: String = diff.new_slices()[op.new_range()].concat();
        let keep = matches!(op, DiffOp::Equal { .. }) || !lines.iter().any(|lines| meets(lines, &op.old_range()));
        text.push_str(if keep { &old } else { &new });
    }
    Ok(text)
}

fn meets(lines: &Range<usize>, op: &Range<usize>) -> bool {
    op.start <= lines.end && lines.start <= op.end
}

/// The lines of `result` that belong to items with an edit, from 0. Falls back to the edits' own lines.
fn touched_lines(source: &Source, edits: &EditSet, result: &str) -> Vec<Range<usize>> {
    let items: Vec<Range<usize>> = source.ast.items.iter().map(|item| source.range(item)).collect();
    let mut lines = Vec::new();
    let mut shift = 0isize;
    for edit in edits.iter() {
        let start = edit.range.start.saturating_add_signed(shift);
        let end = start + edit.new.len();
        let item = items.iter().find(|item| item.start <= edit.range.start && edit.range.end <= item.end);
        let delta = edit.new.len() as isize - edit.range.len() as isize;
        let (from, to) = match item {
            Some(item) => (item.start.saturating_add_signed(shift), item.end.saturating_add_signed(shift + delta)),
            None => (start, end),
        };
        let line = |at: usize| result[..result.floor_char_boundary(at)].matches('\n').count();
        lines.push(line(from)..line(to) + 1);
        shift += delta;
    }
    lines
}

fn rustfmt(root: &Path, text: &str) -> Result<Option<String>> {
    let child = Command::new("rustfmt")
        .args(["--edition", "2024", "--emit", "stdout", "--quiet"])
        .current_dir(root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = child else { return Ok(None) };
    let failed = |error: std::io::Error| Failure::new(format!("rustfmt broke off: {error}"));
    if let Some(mut stdin) = child.stdin.take() {
        let text = text.to_owned();
        // A thread of its own: rustfmt may answer before it has read everything.
        let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
        let output = child.wait_with_output().map_err(failed)?;
        let _ = writer.join();
        let formatted = String::from_utf8(output.stdout).ok();
        return Ok(formatted.filter(|formatted| output.status.success() && !formatted.is_empty()));
    }
    Ok(None)
}

//! Step 3b, format: `rustfmt`, but only the items that an edit touched; everything else stays as its author wrote it.

use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::process::{Command, Stdio};

use similar::{DiffOp, TextDiff};

use super::source::Source;
use crate::{Failure, Result};

/// `result`, which was `source` before the edits, formatted in the items that changed. Without `rustfmt`, or when the text does
/// not parse, it stays as it is.
pub fn touched(root: &Path, source: &Source, result: &str) -> Result<String> {
    if result == source.text {
        return Ok(result.to_owned());
    }
    // A file keeps the line ends that it has; rustfmt is shown the other ones.
    if source.text.contains("\r\n") {
        let unix = |text: &str| text.replace("\r\n", "\n");
        let plain = Source::parse(&source.path, unix(&source.text))?;
        return Ok(touched(root, &plain, &unix(result))?.replace('\n', "\r\n"));
    }
    // A file that is formatted as a whole stays so.
    if rustfmt(root, &source.text, &[])?.is_some_and(|formatted| formatted == source.text) {
        return Ok(rustfmt(root, result, &[])?.unwrap_or_else(|| result.to_owned()));
    }
    // Nothing may move from one item to another: the lines of each are taken or left on their own.
    let fixed = ["reorder_imports=false", "reorder_modules=false"];
    let Some(formatted) = rustfmt(root, result, &fixed)? else {
        return Ok(result.to_owned());
    };
    let lines = touched_lines(source, result);
    let diff = TextDiff::from_lines(result, formatted.as_str());
    let mut text = String::with_capacity(result.len());
    for op in diff.ops() {
        let old: String = diff.old_slices()[op.old_range()].concat();
        let new: String = diff.new_slices()[op.new_range()].concat();
        let keep = matches!(op, DiffOp::Equal { .. })
            || !lines.iter().any(|lines| meets(lines, &op.old_range()));
        text.push_str(if keep { &old } else { &new });
    }
    Ok(text)
}

fn meets(lines: &Range<usize>, op: &Range<usize>) -> bool {
    op.start < lines.end && lines.start < op.end.max(op.start + 1)
}

/// The lines of `result` that are new, from 0, each run widened to the item that it is in.
fn touched_lines(source: &Source, result: &str) -> Vec<Range<usize>> {
    let items: Vec<Range<usize>> = match Source::parse(&source.path, result.to_owned()) {
        Ok(after) => after
            .ast
            .items
            .iter()
            .map(|item| {
                let range = after.range(item);
                after.line_column(range.start).0 - 1..after.line_column(range.end).0
            })
            .collect(),
        Err(_) => Vec::new(),
    };
    let diff = TextDiff::from_lines(source.text.as_str(), result);
    diff.ops()
        .iter()
        .filter(|op| !matches!(op, DiffOp::Equal { .. }))
        .map(|op| {
            let lines = op.new_range();
            let around = |item: &&Range<usize>| item.start <= lines.start && lines.start < item.end;
            items
                .iter()
                .find(around)
                .map_or(lines.clone(), |item| item.start..item.end.max(lines.end))
        })
        .collect()
}

fn rustfmt(root: &Path, text: &str, config: &[&str]) -> Result<Option<String>> {
    let child = Command::new("rustfmt")
        .args(["--edition", "2024", "--emit", "stdout", "--quiet"])
        .args(config.iter().flat_map(|option| ["--config", option]))
        .current_dir(root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = child else {
        return Ok(None);
    };
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

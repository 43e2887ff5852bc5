//! Step 3b, format: `rustfmt`, but only the items that an edit touched; everything else stays as its author wrote it.
//!
//! All files go through `rustfmt` at once: it costs more to start it than to have it format a file.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use similar::{DiffOp, TextDiff};

use super::interrupt::Scratch;
use super::source::Source;
use crate::{Failure, Result};

/// `results`, which were `sources` before the edits, formatted in the items that changed. Without `rustfmt`, or where a text does not
/// parse, they stay as they are.
pub fn touched(root: &Path, sources: &[Source], results: Vec<String>) -> Result<Vec<String>> {
    let changed: Vec<usize> = (0..results.len())
        .filter(|at| results[*at] != sources[*at].text)
        .collect();
    if changed.is_empty() {
        return Ok(results);
    }
    let old: Vec<String> = sources.iter().map(|source| unix(&source.text)).collect();
    let new: Vec<String> = results.iter().map(|text| unix(text)).collect();
    let paths: Vec<PathBuf> = sources
        .iter()
        .map(|source| below(root, &source.path))
        .collect();
    let job = Job {
        root,
        paths: &paths,
    };
    // A file that is formatted as a whole stays so: most do, so both are looked at side by side.
    let (was, as_wholes) = std::thread::scope(|scope| {
        let was = scope.spawn(|| job.run(&old, &changed, &[]));
        let as_wholes = job.run(&new, &changed, &[]);
        let was = was
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (was, as_wholes)
    });
    let (was, as_wholes) = (was?, as_wholes?);
    let (whole, partly): (Vec<usize>, Vec<usize>) =
        changed.iter().partition(|at| was[**at] == old[**at]);
    // Nothing may move from one item to another: the lines of each are taken or left on their own.
    let fixed = ["reorder_imports=false", "reorder_modules=false"];
    let in_parts = job.run(&new, &partly, &fixed)?;
    let mut formatted = results;
    for at in whole {
        formatted[at] = as_written(&sources[at].text, &as_wholes[at]);
    }
    for at in partly {
        let text = only_touched(&sources[at].path, &old[at], &new[at], &in_parts[at]);
        formatted[at] = as_written(&sources[at].text, &text);
    }
    Ok(formatted)
}

fn unix(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// A file keeps the line ends that it has; `rustfmt` is shown the other ones.
fn as_written(source: &str, text: &str) -> String {
    if source.contains("\r\n") {
        text.replace('\n', "\r\n")
    } else {
        text.to_owned()
    }
}

fn below(root: &Path, path: &Path) -> PathBuf {
    let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    path.strip_prefix(&root)
        .unwrap_or(path)
        .components()
        .skip_while(|part| matches!(part, std::path::Component::RootDir))
        .collect()
}

/// Of `formatted`, the lines of the items that are new in `result`; of the others, those of `result`.
fn only_touched(path: &Path, source: &str, result: &str, formatted: &str) -> String {
    let lines = touched_lines(path, source, result);
    let diff = TextDiff::from_lines(result, formatted);
    let mut text = String::with_capacity(result.len());
    for op in diff.ops() {
        let old: String = diff.old_slices()[op.old_range()].concat();
        let new: String = diff.new_slices()[op.new_range()].concat();
        let keep = matches!(op, DiffOp::Equal { .. })
            || !lines.iter().any(|lines| meets(lines, &op.old_range()));
        text.push_str(if keep { &old } else { &new });
    }
    text
}

fn meets(lines: &Range<usize>, op: &Range<usize>) -> bool {
    op.start < lines.end && lines.start < op.end.max(op.start + 1)
}

/// The lines of `result` that are new, from 0, each run widened to the item that it is in.
fn touched_lines(path: &Path, source: &str, result: &str) -> Vec<Range<usize>> {
    let items: Vec<Range<usize>> = match Source::parse(path, result.to_owned()) {
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
    let diff = TextDiff::from_lines(source, result);
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

/// The configuration that `rustfmt` would find for a file of the crate.
fn config_of(root: &Path) -> Option<PathBuf> {
    let names = ["rustfmt.toml", ".rustfmt.toml"];
    let candidates = root
        .ancestors()
        .flat_map(|folder| names.map(|name| folder.join(name)));
    candidates.into_iter().find(|path| path.is_file())
}

/// Files of one crate, each at its place: a module is looked for beside the file that names it.
struct Job<'j> {
    root: &'j Path,
    paths: &'j [PathBuf],
}

impl Job<'_> {
    /// All texts, those of `wanted` as `rustfmt` writes them.
    fn run(&self, texts: &[String], wanted: &[usize], config: &[&str]) -> Result<Vec<String>> {
        let failed = |error: std::io::Error| Failure::new(format!("cannot format: {error}"));
        if wanted.is_empty() {
            return Ok(texts.to_vec());
        }
        let folder = Scratch::new().map_err(failed)?;
        let mut places = Vec::new();
        for (path, text) in self.paths.iter().zip(texts) {
            let place = folder.path().join(path);
            std::fs::create_dir_all(place.parent().unwrap_or(folder.path())).map_err(failed)?;
            std::fs::write(&place, text).map_err(failed)?;
            places.push(place);
        }
        let mut command = Command::new("rustfmt");
        command.args(["--edition", "2024", "--emit", "files", "--quiet"]);
        if let Some(config) = config_of(self.root) {
            command.arg("--config-path").arg(config);
        }
        let ran = command
            .args(config.iter().flat_map(|option| ["--config", option]))
            .args(wanted.iter().map(|at| &places[*at]))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if ran.is_err() {
            return Ok(texts.to_vec());
        }
        let mut formatted = texts.to_vec();
        for at in wanted {
            formatted[*at] = std::fs::read_to_string(&places[*at]).map_err(failed)?;
        }
        Ok(formatted)
    }
}

//! Accepting and rejecting: the only part of the review that writes.
//!
//! Files are written and removed as `cargo insta accept` and `cargo insta reject` do: an accepted snapshot is the pending one
//! without its volatile lines, by insta's own `Snapshot::save`; an inline one is put into its macro ([`super::inline`]).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use insta::_cargo_insta_support::PendingInlineSnapshot;

use super::board::Board;
use super::inline::{Inline, replace};
use super::pending;
use crate::{Failure, Result};

/// What becomes of pending snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// They are the snapshots from now on.
    Accept,
    /// They go.
    Reject,
}

impl Decision {
    /// What has been done, as a word.
    pub fn past(self) -> &'static str {
        match self {
            Decision::Accept => "accepted",
            Decision::Reject => "rejected",
        }
    }
}

/// Decides about everything that waits on `board`; what was decided, by the file that it belongs to.
pub fn decide(board: &Board, decision: Decision) -> Result<Vec<PathBuf>> {
    let mut decided = Vec::new();
    let mut inline: BTreeMap<&Path, (&Path, Vec<u32>)> = BTreeMap::new();
    for (_, entry, waiting) in board.pending() {
        match waiting.line {
            None => file(&waiting.file, &waiting.target, decision)?,
            Some(line) => inline
                .entry(&waiting.file)
                .or_insert((&waiting.target, Vec::new()))
                .1
                .push(line),
        }
        decided.push(board.relative(&entry.path).to_owned());
    }
    for (file, (source, lines)) in inline {
        decide_inline(file, source, &lines, decision)?;
    }
    Ok(decided)
}

/// Deletes the orphans of `board`, each with the binary file that it may have; which they were.
pub fn delete(board: &Board) -> Result<Vec<PathBuf>> {
    let mut deleted = Vec::new();
    for path in &board.orphans {
        let binary = pending::read(path)?.build_binary_path(path);
        if let Some(binary) = binary
            && binary.exists()
        {
            remove(&binary)?;
        }
        remove(path)?;
        deleted.push(board.relative(path).to_owned());
    }
    Ok(deleted)
}

fn remove(path: &Path) -> Result<()> {
    std::fs::remove_file(path)
        .map_err(|error| Failure::new(format!("cannot remove {}: {error}", path.display())))
}

fn file(new: &Path, target: &Path, decision: Decision) -> Result<()> {
    let snapshot = pending::read(new)?;
    if decision == Decision::Accept {
        snapshot
            .save(target)
            .map_err(|error| Failure::new(format!("cannot write {}: {error}", target.display())))?;
    }
    if let Some(binary) = snapshot.build_binary_path(new)
        && binary.exists()
    {
        remove(&binary)?;
    }
    remove(new)
}

fn decide_inline(file: &Path, source: &Path, lines: &[u32], decision: Decision) -> Result<()> {
    let batch = pending::read_inline(file)?;
    let (decided, kept): (Vec<_>, Vec<_>) = batch
        .into_iter()
        .partition(|pending| lines.contains(&pending.line));
    let mut moved = Vec::new();
    if decision == Decision::Accept {
        let edits: Vec<Inline> = decided
            .iter()
            .filter_map(|pending| {
                let new = pending.new.as_ref()?.as_text()?.clone();
                Some(Inline {
                    line: pending.line,
                    new,
                })
            })
            .collect();
        let text = std::fs::read_to_string(source)
            .map_err(|error| Failure::new(format!("cannot read {}: {error}", source.display())))?;
        let (text, shifts) = replace(&text, &edits).map_err(|what| {
            Failure::new(format!("{}: {what}", source.display()))
                .next("run the test again; nothing was written")
        })?;
        std::fs::write(source, text)
            .map_err(|error| Failure::new(format!("cannot write {}: {error}", source.display())))?;
        moved = shifts;
    }
    if kept.is_empty() {
        return remove(file);
    }
    // What waits on stays where its macro is now.
    let kept: Vec<PendingInlineSnapshot> = kept
        .into_iter()
        .map(|pending| {
            let shift: i64 = moved
                .iter()
                .filter(|(line, _)| *line < pending.line)
                .map(|(_, shift)| shift)
                .sum();
            let line = u32::try_from(i64::from(pending.line) + shift).unwrap_or(pending.line);
            PendingInlineSnapshot::new(pending.new, pending.old, line)
        })
        .collect();
    PendingInlineSnapshot::save_batch(file, &kept)
        .map_err(|error| Failure::new(format!("cannot write {}: {error}", file.display())))
}

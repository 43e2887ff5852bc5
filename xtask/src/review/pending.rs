//! Pending snapshots: what insta has seen, and nobody has decided about yet.
//!
//! insta writes `NAME.snap.new` beside the snapshot of a file, and `.FILE.rs.pending-snap` beside a source with inline
//! snapshots. Both are read by insta's own code, the same that `cargo insta` calls.

use std::path::{Path, PathBuf};

use insta::_cargo_insta_support::PendingInlineSnapshot;
use insta::Snapshot;

use crate::{Failure, Result};

/// The end of a pending file's name.
pub const NEW: &str = ".snap.new";
/// The end of the name of a file with pending inline snapshots.
pub const INLINE: &str = ".pending-snap";

/// A snapshot that waits for a decision.
#[derive(Clone, Debug)]
pub struct Pending {
    /// The file that insta wrote.
    pub file: PathBuf,
    /// What accepting it changes: the snapshot, or the source of an inline one.
    pub target: PathBuf,
    /// The line of an inline snapshot's macro.
    pub line: Option<u32>,
    /// The test, where insta knows it.
    pub name: Option<String>,
    /// The text that was accepted before; `None` for a new snapshot.
    pub old: Option<String>,
    /// The text that waits.
    pub new: String,
}

/// Whether a file is one of insta's pending files.
pub fn is_pending(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(NEW) || (name.starts_with('.') && name.ends_with(INLINE))
}

/// The text of a snapshot; of a binary one only that it is binary.
pub fn text(snapshot: &Snapshot) -> String {
    snapshot
        .as_text()
        .map_or_else(|| "(binary)".to_owned(), ToString::to_string)
}

/// Reads a snapshot file.
pub fn read(path: &Path) -> Result<Snapshot> {
    Snapshot::from_file(path)
        .map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display())))
}

/// Reads the inline snapshots that wait in a file, by line. Those of earlier runs, and those that insta has withdrawn, are gone.
pub fn read_inline(path: &Path) -> Result<Vec<PendingInlineSnapshot>> {
    let mut batch = PendingInlineSnapshot::load_batch(path)
        .map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display())))?;
    batch.sort_by_key(|pending| pending.line);
    batch.retain(|pending| pending.new.is_some());
    Ok(batch)
}

/// What waits in one pending file.
pub fn load(file: &Path) -> Result<Vec<Pending>> {
    let name = file
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    if let Some(stem) = name.strip_suffix(".new") {
        let target = file.with_file_name(stem);
        let old = match target.exists() {
            true => Some(text(&read(&target)?)),
            false => None,
        };
        return Ok(vec![Pending {
            file: file.to_owned(),
            old,
            target,
            line: None,
            name: None,
            new: text(&read(file)?),
        }]);
    }
    let source = name
        .strip_prefix('.')
        .and_then(|name| name.strip_suffix(INLINE))
        .unwrap_or(&name);
    let target = file.with_file_name(source);
    Ok(read_inline(file)?
        .into_iter()
        .filter_map(|pending| {
            Some(Pending {
                file: file.to_owned(),
                target: target.clone(),
                line: Some(pending.line),
                name: pending
                    .new
                    .as_ref()
                    .and_then(|new| new.snapshot_name().map(str::to_owned)),
                old: pending.old.as_ref().map(text),
                new: text(pending.new.as_ref()?),
            })
        })
        .collect())
}

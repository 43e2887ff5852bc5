//! The surfaces of the crates, against their snapshots and the baseline's.

use std::path::Path;

use super::baseline::{self, Baseline};
use super::compare::{Change, compare};
use super::{CRATES, grammar};
use crate::review::snapshot_text;
use crate::{Failure, Result};

/// What came of one look at one crate.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Looked {
    /// The crate.
    pub name: String,
    /// How it was looked at.
    pub way: Way,
    /// What changed.
    pub changes: Vec<Change>,
    /// What the tool said, where it found something.
    pub output: Option<String>,
    /// Lines by which the committed snapshot is behind.
    pub behind: usize,
}

/// How a crate was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// Its public API as text.
    PublicApi,
    /// Its attribute grammar as text.
    Grammar,
    /// `cargo-semver-checks`.
    SemverChecks,
}

impl Way {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Way::PublicApi => "public API as text",
            Way::Grammar => "attribute grammar as text",
            Way::SemverChecks => "cargo-semver-checks",
        }
    }
}

/// The snapshot of a crate's surface.
pub fn snapshot_path(name: &str) -> String {
    format!(
        "xtask/tests/semver/snapshots/semver__surfaces__{}.snap",
        name.replace('-', "_")
    )
}

/// Looks at every crate.
pub fn look(root: &Path, baseline: Option<&Baseline>) -> Result<Vec<Looked>> {
    CRATES
        .iter()
        .map(|name| {
            let (way, now) = match *name {
                "migrate-macros" => (Way::Grammar, grammar::surface(root)?),
                _ => (Way::PublicApi, api(root, name)?),
            };
            let path = snapshot_path(name);
            let committed = snapshot_text(&root.join(&path)).map_err(|_| {
                Failure::new(format!("`{name}` has no snapshot of its surface: {path}"))
                    .next("make it: cargo test -p xtask --features public-api --test semver; then cargo xtask review")
            })?;
            let old = baseline
                .and_then(|baseline| baseline::file(root, &baseline.revision, &path))
                .map(|text| contents(&text))
                .unwrap_or_else(|| committed.clone());
            let (removed, added) = crate::review::changed_lines(&ended(&committed), &ended(&now));
            Ok(Looked {
                name: (*name).to_owned(),
                way,
                changes: compare(&old, &now),
                output: None,
                behind: removed + added,
            })
        })
        .collect()
}

/// A text with one end of line at its end: snapshots have none there.
fn ended(text: &str) -> String {
    format!("{}\n", text.trim_end())
}

/// The text behind the header of a snapshot file.
fn contents(snapshot: &str) -> String {
    snapshot
        .strip_prefix("---\n")
        .and_then(|rest| rest.split_once("\n---\n"))
        .map_or(snapshot, |(_, text)| text)
        .to_owned()
}

#[cfg(feature = "public-api")]
fn api(root: &Path, name: &str) -> Result<String> {
    super::api::surface(root, name)
}

/// Without the feature, the command line has this task built again with it, and never comes here.
#[cfg(not(feature = "public-api"))]
fn api(_: &Path, name: &str) -> Result<String> {
    Err(
        Failure::new(format!("this build cannot read the public API of `{name}`"))
            .next("run `cargo run --package xtask --features public-api -- semver`"),
    )
}

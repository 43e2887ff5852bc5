//! The surfaces of the crates, against their snapshots and the baseline's.

use std::path::Path;

use super::baseline::{self, Baseline};
use super::compare::{Change, compare};
use super::version::Versions;
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
    /// What else there is to say of this look.
    pub note: Option<String>,
    /// Lines by which the committed snapshot is behind.
    pub behind: usize,
    /// Its versions, in the baseline and now.
    pub versions: Option<Versions>,
}

impl Looked {
    /// A look in which nothing was found.
    pub fn new(way: Way) -> Self {
        Looked {
            name: String::new(),
            way,
            changes: Vec::new(),
            output: None,
            note: None,
            behind: 0,
            versions: None,
        }
    }

    /// Whether somebody who compiled against the baseline may no longer do so.
    pub fn breaks(&self) -> bool {
        self.output.is_some() || self.changes.iter().any(|change| change.kind.breaks())
    }

    /// Whether it breaks somebody whom the version does not warn.
    pub fn breaks_unsaid(&self) -> bool {
        self.breaks() && !self.versions.as_ref().is_some_and(Versions::may_break)
    }
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
    /// `cargo-semver-checks`, which does not read such a crate.
    Refused,
}

impl Way {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Way::PublicApi => "public API as text",
            Way::Grammar => "attribute grammar as text",
            Way::SemverChecks | Way::Refused => "cargo-semver-checks",
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
    let mut sources: Option<tempfile::TempDir> = None;
    CRATES
        .iter()
        .map(|name| {
            let (way, now) = read(root, name)?;
            let path = snapshot_path(name);
            let committed = snapshot_text(&root.join(&path)).map_err(|_| {
                Failure::new(format!("`{name}` has no snapshot of its surface: {path}"))
                    .next("make it: cargo test -p xtask --features public-api --test semver; then cargo xtask review")
            })?;
            let mut note = None;
            let old = match baseline {
                None => committed.clone(),
                Some(baseline) => match baseline.snapshot(root, &path) {
                    Some(text) => contents(&text),
                    None => {
                        note = Some("from the sources of the baseline".to_owned());
                        if sources.is_none() {
                            sources = Some(baseline::sources(root, &baseline.revision)?);
                        }
                        match &sources {
                            Some(sources) => read(sources.path(), name)?.1,
                            None => String::new(),
                        }
                    }
                },
            };
            let (removed, added) = crate::review::changed_lines(&ended(&committed), &ended(&now));
            Ok(Looked {
                name: (*name).to_owned(),
                changes: compare(&old, &now),
                note,
                behind: removed + added,
                ..Looked::new(way)
            })
        })
        .collect()
}

/// The surface of a crate in the workspace at `root`.
fn read(root: &Path, name: &str) -> Result<(Way, String)> {
    Ok(match name {
        "migrate-macros" => (Way::Grammar, grammar::surface(root)?),
        _ => (Way::PublicApi, api(root, name)?),
    })
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

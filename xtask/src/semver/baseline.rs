//! The revision that stability is measured against.

use std::path::Path;
use std::process::Command;

use serde::Serialize;

use crate::{Failure, Result};

/// Where the commit of the last release is recorded, for a repository without tags.
pub const RECORDED: &str = "xtask/data/release-commit.txt";

/// A revision, and why it is the one.
#[derive(Clone, Debug, Serialize)]
pub struct Baseline {
    /// A revision that git knows.
    pub revision: String,
    /// Where it comes from.
    pub from: &'static str,
}

/// Where the baseline comes from that was asked for.
const ASKED: &str = "--baseline";

impl Baseline {
    /// The committed snapshot of a surface; `None` where there is none, or where it may be behind: those of a release were
    /// reviewed with it, those of any other revision need not be what its sources say.
    pub fn snapshot(&self, root: &Path, path: &str) -> Option<String> {
        (self.from != ASKED)
            .then(|| file(root, &self.revision, path))
            .flatten()
    }
}

/// What to say when there is nothing to compare with.
pub fn none() -> Failure {
    Failure::new(format!(
        "there is no release to compare with: no tag `v*`, and no commit in {RECORDED}"
    ))
    .next("name a revision: `cargo xtask semver --baseline REV`")
}

fn git(root: &Path, args: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .args(args)
        .current_dir(root)
        .output()
        .ok()?;
    output.status.success().then(|| {
        String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned()
    })
}

/// The baseline: what was asked for, the newest release tag, or where this branch left the recorded release.
pub fn find(root: &Path, asked: Option<&str>) -> Result<Option<Baseline>> {
    let exists = |revision: &str| {
        git(
            root,
            &[
                "rev-parse",
                "--verify",
                "--quiet",
                "--end-of-options",
                &format!("{revision}^{{commit}}"),
            ],
        )
    };
    if let Some(asked) = asked {
        return match exists(asked) {
            Some(revision) => Ok(Some(Baseline {
                revision,
                from: ASKED,
            })),
            None => Err(Failure::new(format!("git knows no revision `{asked}`"))),
        };
    }
    if let Some(tag) = git(
        root,
        &["describe", "--tags", "--abbrev=0", "--match", "v[0-9]*"],
    ) {
        return Ok(exists(&tag).map(|revision| Baseline {
            revision,
            from: "the newest release tag",
        }));
    }
    let Ok(recorded) = std::fs::read_to_string(root.join(RECORDED)) else {
        return Ok(None);
    };
    let recorded = recorded.trim();
    if let Some(revision) = git(root, &["merge-base", "HEAD", recorded]) {
        return Ok(Some(Baseline {
            revision,
            from: "the recorded release commit",
        }));
    }
    let unknown = Failure::new(format!(
        "git knows no commit `{recorded}`, which {RECORDED} names as the last release"
    ));
    if git(root, &["rev-parse", "--is-shallow-repository"]).as_deref() == Some("true") {
        return Err(unknown.next(
            "fetch the whole history (`git fetch --unshallow`), or name a revision with --baseline",
        ));
    }
    // A history that was written anew has another commit in its place; the one that recorded it came next.
    match git(root, &["log", "-1", "--format=%H", "--", RECORDED]) {
        Some(revision) if !revision.is_empty() => Ok(Some(Baseline {
            revision,
            from: "where the release was recorded",
        })),
        _ => Err(unknown.next("name a revision with --baseline")),
    }
}

/// A file as it was in a revision; `None` when it was not there.
pub fn file(root: &Path, revision: &str, path: &str) -> Option<String> {
    git(root, &["show", &format!("{revision}:{path}")])
}

/// The sources of a revision, in a folder of their own.
pub fn sources(root: &Path, revision: &str) -> Result<tempfile::TempDir> {
    let failed = |what: String| Failure::new(format!("cannot unpack {revision}: {what}"));
    let folder = tempfile::tempdir().map_err(|error| failed(error.to_string()))?;
    let index = folder.path().join(".git-index");
    let prefix = format!("--prefix={}/", folder.path().display());
    for args in [
        vec!["read-tree", revision],
        vec!["checkout-index", "--all", &prefix],
    ] {
        let output = Command::new("git")
            .args(&args)
            .env("GIT_INDEX_FILE", &index)
            .current_dir(root)
            .output()
            .map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            return Err(failed(
                String::from_utf8_lossy(&output.stderr)
                    .trim_end()
                    .to_owned(),
            ));
        }
    }
    Ok(folder)
}

//! Step 4, verify: build the result beside the workspace, run every scenario on both sides, compare.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::krate::{Krate, cargo};
use super::write::{NewFile, write_all};
use crate::{Failure, Result};

/// What one scenario showed on one side, as the port's `scenarios` example prints it.
#[derive(Clone, Debug, Deserialize)]
pub struct Shown {
    /// The scenario's name.
    pub name: String,
    /// Its trace, line by line.
    pub trace: String,
    /// Why the sides may differ: `D3`, `C2`.
    pub differs: Option<String>,
}

/// How the two sides of a scenario compare.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Both traces are the same.
    Equal,
    /// They differ, for the reason that the scenario names.
    Differing(String),
    /// They differ without a reason, or do not although a reason is named: what is wrong.
    Broken(String),
}

/// A scenario, and how its sides compare.
#[derive(Clone, Debug)]
pub struct Compared {
    /// The scenario's name.
    pub name: String,
    /// The verdict.
    pub verdict: Verdict,
    /// The trace on the base class.
    pub before: String,
    /// The trace on the parts.
    pub after: String,
}

/// Puts `result` into a copy of the workspace below `target`, builds the port there, and runs its scenarios on both sides.
pub fn verify(
    krate: &Krate,
    workspace: &Path,
    result: &[NewFile],
    target: &Path,
) -> Result<Vec<Compared>> {
    let copy = target.join("work");
    let in_result = |path: &Path| {
        krate
            .after
            .as_ref()
            .is_some_and(|after| path.starts_with(after))
    };
    copy_tree(workspace, &copy, &|path| in_result(path))?;
    let moved: Vec<NewFile> = result
        .iter()
        .filter_map(|file| {
            let path = copy.join(file.path.strip_prefix(workspace).ok()?);
            Some(NewFile {
                path,
                text: file.text.clone(),
            })
        })
        .collect();
    remove_others(&copy, krate, workspace, &moved)?;
    write_all(&copy, &moved)?;
    let build = target.join("build");
    let before = run_side(krate, &copy, &build, "before")?;
    let after = run_side(krate, &copy, &build, "after")?;
    Ok(compare(before, after))
}

/// Files of the after side that the result does not have.
fn remove_others(copy: &Path, krate: &Krate, workspace: &Path, result: &[NewFile]) -> Result<()> {
    let Some(after) = krate
        .after
        .as_ref()
        .and_then(|after| after.strip_prefix(workspace).ok())
    else {
        return Ok(());
    };
    for path in files_below(&copy.join(after)) {
        if result.iter().all(|file| file.path != path) {
            std::fs::remove_file(&path).map_err(|error| {
                Failure::new(format!("cannot remove {}: {error}", path.display()))
            })?;
        }
    }
    Ok(())
}

/// Builds the port in `copy` and runs its scenarios on one side.
///
/// `build` is the target folder of this copy alone: cargo tells copies of a workspace apart by the times of their files, not by
/// their place, and takes the build of another for its own.
pub fn run_side(krate: &Krate, copy: &Path, build: &Path, side: &str) -> Result<Vec<Shown>> {
    let output = cargo()
        .args([
            "run",
            "--quiet",
            "--package",
            &krate.package,
            "--example",
            "scenarios",
        ])
        .arg("--target-dir")
        .arg(build)
        .args(["--", "--json", "--side", side])
        .current_dir(copy)
        .output()
        .map_err(|error| Failure::new(format!("cannot run cargo: {error}")))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::new(format!(
            "the result does not build or run ({side}):\n\n{}",
            stderr.trim_end()
        ))
        .next(format!(
            "look at it in {}; nothing was written",
            copy.display()
        )));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| {
        Failure::new(format!(
            "the scenarios of `{}` printed something unexpected: {error}",
            krate.driver
        ))
    })
}

fn compare(before: Vec<Shown>, after: Vec<Shown>) -> Vec<Compared> {
    let mut after: BTreeMap<String, Shown> = after
        .into_iter()
        .map(|shown| (shown.name.clone(), shown))
        .collect();
    before
        .into_iter()
        .map(|before| {
            let Some(after) = after.remove(&before.name) else {
                let verdict = Verdict::Broken("the after side has no such scenario".to_owned());
                return Compared {
                    name: before.name,
                    verdict,
                    before: before.trace,
                    after: String::new(),
                };
            };
            let verdict = match (before.trace == after.trace, &before.differs) {
                (true, None) => Verdict::Equal,
                (false, Some(reason)) => Verdict::Differing(reason.clone()),
                (false, None) => {
                    Verdict::Broken("the traces differ, and no D or C number says why".to_owned())
                }
                (true, Some(reason)) => {
                    Verdict::Broken(format!("the traces are equal, although {reason} is named"))
                }
            };
            Compared {
                name: before.name,
                verdict,
                before: before.trace,
                after: after.trace,
            }
        })
        .collect()
}

/// Copies what changed, so that cargo finds the rest as it left it. Files that are gone are removed.
fn copy_tree(from: &Path, to: &Path, skip: &dyn Fn(&Path) -> bool) -> Result<()> {
    let failed = |path: &Path, error: std::io::Error| {
        Failure::new(format!("cannot copy {}: {error}", path.display()))
    };
    let mut kept = HashSet::new();
    for path in files_below(from) {
        let Ok(relative) = path.strip_prefix(from) else {
            continue;
        };
        if skip(&path) {
            kept.insert(to.join(relative));
            continue;
        }
        let target = to.join(relative);
        let text = std::fs::read(&path).map_err(|error| failed(&path, error))?;
        if std::fs::read(&target).is_ok_and(|old| old == text) {
            kept.insert(target);
            continue;
        }
        if let Some(folder) = target.parent() {
            std::fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
        }
        std::fs::write(&target, text).map_err(|error| failed(&target, error))?;
        kept.insert(target);
    }
    for path in files_below(to) {
        let after = path
            .strip_prefix(to)
            .is_ok_and(|relative| skip(&from.join(relative)));
        if !after && !kept.contains(&path) {
            std::fs::remove_file(&path).map_err(|error| failed(&path, error))?;
            remove_empty_folders(&path, to);
        }
    }
    Ok(())
}

/// Folders that are empty without a file that went, up to `top`: cargo takes a folder for a crate of the workspace.
pub fn remove_empty_folders(file: &Path, top: &Path) {
    for folder in file.ancestors().skip(1).take_while(|folder| *folder != top) {
        // Not empty: whatever is in it stays.
        if std::fs::remove_dir(folder).is_err() {
            break;
        }
    }
}

/// Every file below a folder, but for build output, git's own files and links.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten() {
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            let name = entry.file_name();
            if kind.is_dir() && name != "target" && name != ".git" {
                folders.push(entry.path());
            } else if kind.is_file() {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    files
}

//! Builds a result beside the crate: what is written in place compiles, or nothing is written.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use super::krate::{Krate, cargo, workspace_root};
use super::verify::{files_below, remove_empty_folders};
use super::write::{NewFile, write_all};
use super::{locate, manifest};
use crate::{Failure, Result};

/// Checks `result` in a copy of the crate's workspace below `target`. An error shows what the compiler said; what it said
/// besides comes back, as JSON.
pub fn check(krate: &Krate, result: &[NewFile], target: &Path) -> Result<Vec<u8>> {
    let tree = workspace_root(&krate.root)?;
    // A folder for each tree: two crates may be checked at the same time.
    let mut hasher = DefaultHasher::new();
    tree.hash(&mut hasher);
    let copy = target
        .join("check")
        .join(format!("{:016x}", hasher.finish()));
    copy_with_paths(&tree, &copy, target)?;
    let moved: Vec<NewFile> = result
        .iter()
        .filter_map(|file| {
            let path = copy.join(file.path.strip_prefix(&tree).ok()?);
            let is_manifest = path.file_name().is_some_and(|name| name == "Cargo.toml");
            let text = if is_manifest {
                manifest::absolute(&file.text, &file.path, &tree)
            } else {
                file.text.clone()
            };
            Some(NewFile { path, text })
        })
        .collect();
    write_all(&copy, &moved)?;
    let output = cargo()
        .args([
            "check",
            "--quiet",
            "--lib",
            "--message-format",
            "json",
            "--package",
            &krate.package,
            "--target-dir",
        ])
        .arg(target.join("check-build"))
        .args(krate.apart())
        .current_dir(&copy)
        .output()
        .map_err(|error| Failure::new(format!("cannot run cargo: {error}")))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    // What is wrong; the warnings of code in the middle of a move would bury it.
    let errors = locate::errors(&output.stdout);
    let text = if errors.is_empty() {
        String::from_utf8_lossy(&output.stderr).into_owned()
    } else {
        errors.join("\n")
    };
    Err(Failure::new(format!(
        "the result would not compile:\n\n{}",
        text.trim_end()
    ))
    .next(format!("it is in {}; nothing was written", copy.display())))
}

/// Copies what changed; manifests name what is outside of the tree by its whole path.
fn copy_with_paths(tree: &Path, copy: &Path, target: &Path) -> Result<()> {
    let failed = |path: &Path, error: std::io::Error| {
        Failure::new(format!("cannot copy {}: {error}", path.display()))
    };
    let files: Vec<PathBuf> = files_below(tree)
        .into_iter()
        .filter(|path| !path.starts_with(target))
        .collect();
    for path in &files {
        let Ok(relative) = path.strip_prefix(tree) else {
            continue;
        };
        let to = copy.join(relative);
        let mut bytes = std::fs::read(path).map_err(|error| failed(path, error))?;
        if relative
            .file_name()
            .is_some_and(|name| name == "Cargo.toml")
            && let Ok(text) = std::str::from_utf8(&bytes)
        {
            bytes = manifest::absolute(text, path, tree).into_bytes();
        }
        if std::fs::read(&to).is_ok_and(|old| old == bytes) {
            continue;
        }
        if let Some(folder) = to.parent() {
            std::fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
        }
        std::fs::write(&to, bytes).map_err(|error| failed(&to, error))?;
    }
    for path in files_below(copy) {
        let gone = path
            .strip_prefix(copy)
            .is_ok_and(|relative| !tree.join(relative).is_file());
        if gone && path.file_name().is_none_or(|name| name != "Cargo.lock") {
            std::fs::remove_file(&path).map_err(|error| failed(&path, error))?;
            remove_empty_folders(&path, copy);
        }
    }
    Ok(())
}

//! Writes results: every file old or new, never half; only on a clean git tree.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::NamedTempFile;

use crate::{Failure, Result};

/// A file and its new text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFile {
    /// Where.
    pub path: PathBuf,
    /// All of its text.
    pub text: String,
}

/// Refuses a folder with changes that are not committed, so that `git diff` shows what the tool did, and nothing else.
pub fn require_clean_tree(dir: &Path) -> Result<()> {
    let output = Command::new("git")
        .args([
            "status",
            "--porcelain",
            "--untracked-files=normal",
            "--",
            ".",
        ])
        .current_dir(dir)
        .output()
        .map_err(|error| {
            Failure::new(format!("cannot run git: {error}"))
                .next("use --allow-dirty to write without git")
        })?;
    if !output.status.success() {
        return Err(Failure::new(format!("{} is in no git tree", dir.display()))
            .next("commit the crate first, or use --allow-dirty to write without a way back"));
    }
    let status = String::from_utf8_lossy(&output.stdout);
    if status.trim().is_empty() {
        return Ok(());
    }
    let shown: Vec<&str> = status.lines().take(5).collect();
    Err(Failure::new(format!(
        "{} has changes that are not committed:\n{}",
        dir.display(),
        shown.join("\n")
    ))
    .next("commit or stash them, or use --allow-dirty; nothing was written"))
}

/// Replaces or creates all of `files`, below `root`. Every new text is on disk before the first file is replaced, so an
/// error (a full disk, a folder that cannot be written) changes nothing; each replacement is one rename.
pub fn write_all(root: &Path, files: &[NewFile]) -> Result<()> {
    let mut staged = Vec::new();
    for file in files {
        let target = inside(root, &file.path)?;
        if std::fs::read(&target).is_ok_and(|old| old == file.text.as_bytes()) {
            continue;
        }
        staged.push((
            stage(&target, &file.text).map_err(|error| failed(&target, &error))?,
            target,
        ));
    }
    for (temporary, target) in staged {
        temporary
            .persist(&target)
            .map_err(|error| failed(&target, &error.error))?;
    }
    Ok(())
}

fn failed(target: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot write {}: {error}", target.display()))
        .next("mend that and run again; every file is old or new, none is half written")
}

fn stage(target: &Path, text: &str) -> std::io::Result<NamedTempFile> {
    let folder = target.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    if let Ok(old) = std::fs::metadata(target)
        && old.permissions().readonly()
    {
        return Err(std::io::Error::new(
            std::io::ErrorKind::PermissionDenied,
            "the file is read-only",
        ));
    }
    let mut temporary = NamedTempFile::new_in(folder)?;
    temporary.write_all(text.as_bytes())?;
    temporary.as_file().sync_all()?;
    let permissions = match std::fs::metadata(target) {
        Ok(old) => old.permissions(),
        Err(_) => std::os::unix::fs::PermissionsExt::from_mode(0o644),
    };
    temporary.as_file().set_permissions(permissions)?;
    Ok(temporary)
}

/// The real place of `path`, which must be below `root`: a link that leads out of the tree is refused.
fn inside(root: &Path, path: &Path) -> Result<PathBuf> {
    let root = root.canonicalize().map_err(|error| failed(root, &error))?;
    let exists = path
        .ancestors()
        .find(|ancestor| ancestor.symlink_metadata().is_ok())
        .unwrap_or(path);
    let real = exists
        .canonicalize()
        .map_err(|error| failed(exists, &error))?;
    if !real.starts_with(&root) {
        return Err(Failure::new(format!(
            "{} leads out of the crate, to {}",
            path.display(),
            real.display()
        ))
        .next("replace the link by the file; nothing was written"));
    }
    Ok(match path.strip_prefix(exists) {
        Ok(rest) if !rest.as_os_str().is_empty() => real.join(rest),
        _ => real,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: PathBuf, text: &str) -> NewFile {
        NewFile {
            path,
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_link_out_of_the_tree_is_refused_and_nothing_is_written() {
        let (root, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(other.path().join("lib.rs"), "old").unwrap();
        std::fs::write(root.path().join("a.rs"), "old").unwrap();
        std::os::unix::fs::symlink(other.path().join("lib.rs"), root.path().join("lib.rs"))
            .unwrap();
        let files = [
            file(root.path().join("a.rs"), "new"),
            file(root.path().join("lib.rs"), "new"),
        ];
        let error = write_all(root.path(), &files).unwrap_err().to_string();
        assert!(error.contains("leads out of the crate"), "{error}");
        assert_eq!(
            std::fs::read_to_string(root.path().join("a.rs")).unwrap(),
            "old"
        );
    }

    #[test]
    fn a_read_only_file_stops_everything_before_the_first_change() {
        let root = tempfile::tempdir().unwrap();
        let (a, b) = (root.path().join("a.rs"), root.path().join("b.rs"));
        std::fs::write(&a, "old").unwrap();
        std::fs::write(&b, "old").unwrap();
        let mut permissions = std::fs::metadata(&b).unwrap().permissions();
        permissions.set_readonly(true);
        std::fs::set_permissions(&b, permissions).unwrap();
        let error = write_all(root.path(), &[file(a.clone(), "new"), file(b, "new")])
            .unwrap_err()
            .to_string();
        assert!(error.contains("read-only"), "{error}");
        assert_eq!(std::fs::read_to_string(&a).unwrap(), "old");
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 2);
    }

    #[test]
    fn new_folders_are_made() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("src/uma/gem.rs");
        write_all(root.path(), &[file(path.clone(), "new")]).unwrap();
        assert_eq!(std::fs::read_to_string(path).unwrap(), "new");
    }
}

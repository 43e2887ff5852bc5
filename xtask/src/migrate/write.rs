//! Writes results: every file old or new, never half; only on a clean git tree.

use std::collections::BTreeSet;
use std::fs::File;
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

/// What a file is called until it takes its place.
const STAGED: &str = ".xtask-migrate-";

/// Takes away what a run that was killed left beside `files`.
pub fn sweep(files: &[NewFile]) {
    let folders: BTreeSet<&Path> = files.iter().filter_map(|file| file.path.parent()).collect();
    for folder in folders {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(STAGED) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

/// Replaces or creates all of `files`, below `root`. Every new text is on disk before the first file is replaced, so an
/// error (a full disk, a folder that cannot be written) changes nothing; each replacement is one rename.
pub fn write_all(root: &Path, files: &[NewFile]) -> Result<()> {
    write_unless(root, files, &|| false)
}

/// The same, but for the first replacement if somebody says to stop until then.
pub fn write_unless(root: &Path, files: &[NewFile], stop: &dyn Fn() -> bool) -> Result<()> {
    write_with(root, files, stop, &|file, bytes| file.write_all(bytes))
}

/// How the bytes of a text get to a file.
type Put<'p> = &'p dyn Fn(&mut File, &[u8]) -> std::io::Result<()>;

fn write_with(root: &Path, files: &[NewFile], stop: &dyn Fn() -> bool, put: Put<'_>) -> Result<()> {
    let mut staged = Vec::new();
    for file in files {
        let target = inside(root, &file.path)?;
        if std::fs::read(&target).is_ok_and(|old| old == file.text.as_bytes()) {
            continue;
        }
        let temporary = stage(&target, &file.text, put).map_err(|error| failed(&target, &error))?;
        staged.push((temporary, target));
    }
    if stop() {
        return Err(Failure::new("interrupted; nothing was written"));
    }
    for (temporary, target) in staged {
        temporary.persist(&target).map_err(|error| {
            failed(&target, &error.error)
                .next("mend that and run again; every file is old or new, none is half written")
        })?;
    }
    Ok(())
}

fn failed(target: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot write {}: {error}", target.display()))
        .next("mend that and run again; nothing was changed")
}

fn stage(target: &Path, text: &str, put: Put<'_>) -> std::io::Result<NamedTempFile> {
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
    let mut temporary = tempfile::Builder::new()
        .prefix(STAGED)
        .tempfile_in(folder)?;
    put(temporary.as_file_mut(), text.as_bytes())?;
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
    fn a_disk_that_is_full_half_way_changes_nothing() {
        let root = tempfile::tempdir().unwrap();
        let (a, b) = (root.path().join("a.rs"), root.path().join("b.rs"));
        std::fs::write(&a, "old").unwrap();
        std::fs::write(&b, "old").unwrap();
        let full = |file: &mut File, bytes: &[u8]| {
            let room = bytes.len().min(16);
            file.write_all(&bytes[..room])?;
            let full = std::io::ErrorKind::StorageFull;
            if room == bytes.len() {
                Ok(())
            } else {
                Err(full.into())
            }
        };
        let files = [
            file(a.clone(), "fits"),
            file(b.clone(), "more than there is room for"),
        ];
        let error = write_with(root.path(), &files, &|| false, &full)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("b.rs") && error.contains("nothing was changed"),
            "{error}"
        );
        for path in [&a, &b] {
            assert_eq!(std::fs::read_to_string(path).unwrap(), "old");
        }
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 2);
    }

    #[test]
    fn an_interrupt_before_the_first_replacement_changes_nothing() {
        let root = tempfile::tempdir().unwrap();
        let a = root.path().join("a.rs");
        std::fs::write(&a, "old").unwrap();
        write_unless(root.path(), &[file(a.clone(), "new")], &|| true).unwrap_err();
        assert_eq!(std::fs::read_to_string(&a).unwrap(), "old");
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 1);
    }

    /// Tells this test, as a process of its own, to write into a folder for ever.
    const WRITER: &str = "XTASK_MIGRATE_TEST_WRITER";

    #[test]
    fn killed_at_any_moment_every_file_is_old_or_new() {
        let texts = ["old ".repeat(2_000), "new ".repeat(3_000)];
        let files = |root: &Path, text: &str| -> Vec<NewFile> {
            (0..20)
                .map(|n| file(root.join(format!("f{n}.rs")), text))
                .collect()
        };
        if let Some(root) = std::env::var_os(WRITER) {
            let root = PathBuf::from(root);
            for text in texts.iter().cycle() {
                write_all(&root, &files(&root, text)).unwrap();
            }
        }
        let root = tempfile::tempdir().unwrap();
        write_all(root.path(), &files(root.path(), &texts[0])).unwrap();
        let mut left = 0;
        for round in 0..40_u64 {
            let name = "migrate::write::tests::killed_at_any_moment_every_file_is_old_or_new";
            let mut writer = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", name])
                .env(WRITER, root.path())
                .stdout(std::process::Stdio::null())
                .spawn()
                .unwrap();
            std::thread::sleep(std::time::Duration::from_micros(20_000 + 1_371 * round));
            writer.kill().unwrap();
            writer.wait().unwrap();
            for file in files(root.path(), "") {
                let text = std::fs::read_to_string(&file.path).unwrap();
                assert!(
                    texts.contains(&text),
                    "{} has {} bytes",
                    file.path.display(),
                    text.len()
                );
            }
            left += std::fs::read_dir(root.path()).unwrap().count() - 20;
            sweep(&files(root.path(), ""));
            assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 20);
        }
        assert!(left > 0, "it was never killed in the middle of writing");
    }

    #[test]
    fn new_folders_are_made() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("src/uma/gem.rs");
        write_all(root.path(), &[file(path.clone(), "new")]).unwrap();
        assert_eq!(std::fs::read_to_string(path).unwrap(), "new");
    }
}

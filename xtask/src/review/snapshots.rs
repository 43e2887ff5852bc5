//! The snapshot files of a workspace, and what their names say.

use std::path::{Path, PathBuf};

use crate::migrate::verify::files_below;

/// A snapshot file, or the place of one that waits to be made.
#[derive(Clone, Debug)]
pub struct SnapshotFile {
    /// Its path.
    pub path: PathBuf,
    /// The module of its test, `scenarios__heap`.
    pub module: String,
    /// The name of its test, or the name that the test gives it.
    pub name: String,
}

impl SnapshotFile {
    /// What a path says.
    pub fn at(path: &Path) -> Self {
        let file = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let stem = file.strip_suffix(".snap").unwrap_or(&file);
        let (module, name) = stem.rsplit_once("__").unwrap_or(("", stem));
        Self {
            path: path.to_owned(),
            module: module.to_owned(),
            name: name.to_owned(),
        }
    }

    /// The name of the test: insta adds `-2` for a test's second snapshot, and a suffix behind `@`.
    pub fn test(&self) -> &str {
        let name = self.name.split('@').next().unwrap_or(&self.name);
        match name.rsplit_once('-') {
            Some((test, number)) if number.parse::<u32>().is_ok() => test,
            _ => name,
        }
    }
}

/// Files below a workspace that insta wrote: snapshots, and pending ones.
pub fn find(root: &Path) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let (mut snapshots, mut pending) = (Vec::new(), Vec::new());
    for path in files_below(root) {
        if super::pending::is_pending(&path) {
            pending.push(path);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "snap")
        {
            snapshots.push(path);
        }
    }
    (snapshots, pending)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_is_module_and_test() {
        let file = SnapshotFile::at(Path::new("a/scenarios__heap__a_heap_grows-2.snap"));
        assert_eq!(file.module, "scenarios__heap");
        assert_eq!(file.name, "a_heap_grows-2");
        assert_eq!(file.test(), "a_heap_grows");
        assert_eq!(SnapshotFile::at(Path::new("m__x@big.snap")).test(), "x");
        assert_eq!(SnapshotFile::at(Path::new("m__to-do.snap")).test(), "to-do");
    }
}

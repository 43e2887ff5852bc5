//! Reads an unpacked kernel tree, in parallel.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::{ACCEL, DRM, Each, read_limited};
use crate::survey::progress::Progress;
use crate::survey::skip::{Skips, Why};
use crate::{Failure, Result};

/// The folders that hold what the survey wants, and whether to go down into them.
const ROOTS: [(&str, bool); 4] = [
    (DRM, true),
    (ACCEL, true),
    ("include/drm", true),
    ("include/linux", false),
];

/// One file to read: its path on disk, its path from the root, and its size.
struct Found {
    path: PathBuf,
    relative: String,
}

pub(super) fn visit(
    root: &Path,
    want: &(dyn Fn(&str) -> bool + Sync),
    each: &Each<'_>,
    progress: &Progress,
    skips: &Skips,
) -> Result<()> {
    let mut found = Vec::new();
    let makefile = root.join("Makefile");
    if makefile.is_file() && want("Makefile") {
        found.push(Found {
            path: makefile,
            relative: "Makefile".to_owned(),
        });
    }
    for (folder, deep) in ROOTS {
        walk(root, folder, deep, want, &mut found, skips)?;
    }
    progress.expect(found.len() as u64);
    found.par_iter().for_each(|file| {
        match read(&file.path) {
            Ok(Some(bytes)) => each(&file.relative, bytes),
            Ok(None) => skips.add(&file.relative, Why::TooLarge),
            Err(error) => skips.add(&file.relative, Why::Unreadable(error.to_string())),
        }
        progress.advance(1);
    });
    Ok(())
}

fn read(path: &Path) -> std::io::Result<Option<Vec<u8>>> {
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    read_limited(file, size)
}

/// Lists the wanted files below `folder`. Links are named, never followed, so that neither a loop
/// nor a way out of the tree exists.
fn walk(
    root: &Path,
    folder: &str,
    deep: bool,
    want: &(dyn Fn(&str) -> bool + Sync),
    found: &mut Vec<Found>,
    skips: &Skips,
) -> Result<()> {
    let mut pending = vec![folder.to_owned()];
    while let Some(folder) = pending.pop() {
        let path = root.join(&folder);
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) if folder == DRM => {
                return Err(Failure::new(format!(
                    "cannot read `{}`: {error}",
                    path.display()
                )));
            }
            Err(error) => {
                skips.add(&folder, Why::Unreadable(error.to_string()));
                continue;
            }
        };
        for entry in entries {
            let (entry, kind) = match entry.and_then(|entry| entry.file_type().map(|t| (entry, t)))
            {
                Ok(pair) => pair,
                Err(error) => {
                    skips.add(&folder, Why::Unreadable(error.to_string()));
                    continue;
                }
            };
            let Ok(name) = entry.file_name().into_string() else {
                let name = entry.file_name().to_string_lossy().into_owned();
                skips.add(&format!("{folder}/{name}"), Why::NameNotUtf8);
                continue;
            };
            let relative = format!("{folder}/{name}");
            if kind.is_symlink() {
                if want(&relative) || (deep && !name.contains('.')) {
                    skips.add(&relative, Why::Link);
                }
            } else if kind.is_dir() {
                if deep {
                    pending.push(relative);
                }
            } else if kind.is_file() {
                if want(&relative) {
                    found.push(Found {
                        path: entry.path(),
                        relative,
                    });
                }
            } else if want(&relative) {
                skips.add(&relative, Why::NotAFile);
            }
        }
    }
    Ok(())
}

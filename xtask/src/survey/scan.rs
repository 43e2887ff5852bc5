//! The first look at a tree: which files mention the base class, and how drivers are built.
//!
//! A folder is looked at again cheaply, so nothing is kept of it. Of a tarball the files of a driver
//! are kept until it is known whether the driver is one to survey; what is kept is bounded: beyond
//! [`KEPT`] bytes the largest group without a mention is dropped, and read again in a second pass
//! should it turn out to matter.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use memchr::memmem::Finder;

use super::progress::Progress;
use super::skip::Skips;
use super::source::{self, ACCEL, DRM, Tree};
use crate::Result;

/// The most text that is kept in memory during the first look, in bytes.
const KEPT: usize = 128 << 20;
/// What a file that may use the base class holds, in any letter case the kernel uses.
const MENTIONS: [&[u8]; 4] = [
    b"drm_gem_shmem",
    b"DRM_GEM_SHMEM",
    b"drm_fbdev_shmem",
    b"DRM_FBDEV_SHMEM",
];

/// What the first look found.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// The C files that mention the base class.
    pub(crate) mentions: BTreeSet<String>,
    /// Build and configuration files, the version file, and the core headers.
    pub(crate) small: BTreeMap<String, Vec<u8>>,
    /// All C files seen, by group.
    pub(crate) groups: BTreeMap<String, BTreeSet<String>>,
    kept: BTreeMap<String, Kept>,
    total: usize,
}

#[derive(Debug, Default)]
struct Kept {
    files: BTreeMap<String, Vec<u8>>,
    bytes: usize,
    dropped: bool,
}

/// The group a file belongs to: a folder directly below those of DRM and the accelerators. Files
/// directly in these are the core's.
pub(crate) fn group(path: &str) -> Option<&str> {
    for root in [DRM, ACCEL] {
        if source::is_below(path, root) {
            let rest = &path[root.len() + 1..];
            return Some(match rest.find('/') {
                Some(at) => &path[..root.len() + 1 + at],
                None => root,
            });
        }
    }
    None
}

/// Looks at every wanted file of `tree` once.
pub(crate) fn scan(tree: &Tree, skips: &Skips) -> Result<Scan> {
    let finders = MENTIONS.map(Finder::new);
    let keeps = !tree.rereads_cheaply();
    let scan = Mutex::new(Scan::default());
    let progress = Progress::new("looking for users of gem-shmem");
    tree.visit(
        &source::wanted,
        &|path, bytes| {
            let is_c = path.ends_with(".c") || path.ends_with(".h");
            let group = group(path).filter(|_| is_c);
            let mentions =
                group.is_some() && finders.iter().any(|finder| finder.find(&bytes).is_some());
            let mut scan = lock(&scan);
            match group {
                None => {
                    scan.small.insert(path.to_owned(), bytes);
                }
                Some(group) => {
                    if mentions {
                        scan.mentions.insert(path.to_owned());
                    }
                    scan.groups
                        .entry(group.to_owned())
                        .or_default()
                        .insert(path.to_owned());
                    if keeps {
                        scan.keep(group, path, bytes);
                    }
                }
            }
        },
        &progress,
        skips,
    )?;
    Ok(scan.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Scan {
    fn keep(&mut self, group: &str, path: &str, bytes: Vec<u8>) {
        let kept = self.kept.entry(group.to_owned()).or_default();
        if kept.dropped {
            return;
        }
        kept.bytes += bytes.len();
        self.total += bytes.len();
        kept.files.insert(path.to_owned(), bytes);
        while self.total > KEPT {
            let mentioned: BTreeSet<&str> = self
                .mentions
                .iter()
                .filter_map(|path| self::group(path))
                .collect();
            let largest = self
                .kept
                .iter_mut()
                .filter(|(_, kept)| kept.bytes > 0)
                .max_by_key(|(group, kept)| (!mentioned.contains(group.as_str()), kept.bytes));
            let Some((_, kept)) = largest else { return };
            self.total -= kept.bytes;
            *kept = Kept {
                dropped: true,
                ..Kept::default()
            };
        }
    }

    /// The groups with a mention.
    pub(crate) fn user_groups(&self) -> BTreeSet<String> {
        self.mentions
            .iter()
            .filter_map(|path| group(path))
            .map(str::to_owned)
            .collect()
    }

    /// The text of the files in `paths`: what was kept, and the rest read again.
    pub(crate) fn texts(
        &mut self,
        tree: &Tree,
        paths: &BTreeSet<String>,
        skips: &Skips,
    ) -> Result<BTreeMap<String, Vec<u8>>> {
        let mut texts = BTreeMap::new();
        for kept in std::mem::take(&mut self.kept).into_values() {
            texts.extend(
                kept.files
                    .into_iter()
                    .filter(|(path, _)| paths.contains(path)),
            );
        }
        let missing: BTreeSet<&str> = paths
            .iter()
            .filter(|path| !texts.contains_key(*path))
            .map(String::as_str)
            .collect();
        if !missing.is_empty() {
            let read = Mutex::new(BTreeMap::new());
            let progress = Progress::new("reading the users");
            tree.visit(
                &|path| missing.contains(path),
                &|path, bytes| {
                    lock(&read).insert(path.to_owned(), bytes);
                },
                &progress,
                skips,
            )?;
            texts.extend(read.into_inner().unwrap_or_else(PoisonError::into_inner));
        }
        Ok(texts)
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT, Scan, group};

    #[test]
    fn a_group_is_the_folder_below_drm_or_accel() {
        assert_eq!(
            group("drivers/gpu/drm/lima/lima_gem.c"),
            Some("drivers/gpu/drm/lima")
        );
        assert_eq!(group("drivers/gpu/drm/a/b/c.c"), Some("drivers/gpu/drm/a"));
        assert_eq!(group("drivers/gpu/drm/drm_gem.c"), Some("drivers/gpu/drm"));
        assert_eq!(group("include/drm/drm_gem.h"), None);
    }

    #[test]
    fn what_is_kept_is_bounded_and_groups_with_a_mention_stay_longest() {
        let mut scan = Scan::default();
        scan.mentions.insert("drivers/gpu/drm/user/a.c".to_owned());
        scan.keep(
            "drivers/gpu/drm/user",
            "drivers/gpu/drm/user/a.c",
            vec![0; KEPT / 2],
        );
        for number in 0..4 {
            scan.keep(
                "drivers/gpu/drm/big",
                &format!("drivers/gpu/drm/big/{number}.c"),
                vec![0; KEPT / 4],
            );
        }
        assert!(scan.total <= KEPT);
        assert!(scan.kept["drivers/gpu/drm/big"].dropped);
        assert!(!scan.kept["drivers/gpu/drm/user"].dropped);
    }
}

//! Where a kernel tree comes from: a folder, a tarball, or an installed distribution package.
//!
//! A tree is only ever read. Symbolic links are not followed, nothing of the tree is run, and of
//! all its files only those that [`wanted`] names are looked at.

mod dir;
mod tarball;

use std::io::Read;
use std::path::{Path, PathBuf};

use super::progress::Progress;
use super::skip::Skips;
use crate::{Failure, Result};

/// Where the DRM drivers of a kernel tree are.
pub(crate) const DRM: &str = "drivers/gpu/drm";
/// Where the accelerator drivers of a kernel tree are.
pub(crate) const ACCEL: &str = "drivers/accel";
/// A file of C beyond this size, in bytes, is skipped by name: the largest that the kernel has is
/// half of it.
pub(crate) const LIMIT: u64 = 48 << 20;
/// Where distribution packages put kernel sources.
const PACKAGES: &str = "/usr/src";

/// A kernel tree.
#[derive(Debug)]
pub(crate) enum Tree {
    /// An unpacked tree: its root.
    Dir(PathBuf),
    /// A tarball, plain or compressed with xz.
    Tarball(PathBuf),
}

/// Receives a file: its path from the root of the tree, and its bytes.
pub(crate) type Each<'a> = dyn Fn(&str, Vec<u8>) + Sync + 'a;

impl Tree {
    /// Finds the tree that `spec` names: a folder, a tarball, or a package's name.
    pub(crate) fn open(spec: &str) -> Result<Tree> {
        let path = Path::new(spec);
        if path.is_dir() {
            return Self::open_dir(path);
        }
        if path.is_file() {
            return tarball::check(path).map(|()| Tree::Tarball(path.to_owned()));
        }
        if !spec.is_empty() && !spec.contains('/') {
            let installed = Path::new(PACKAGES).join(spec);
            for suffix in [".tar.xz", ".tar"] {
                let tarball = PathBuf::from(format!("{}{suffix}", installed.display()));
                if tarball.is_file() {
                    return tarball::check(&tarball).map(|()| Tree::Tarball(tarball));
                }
            }
            if installed.is_dir() {
                return Self::open_dir(&installed);
            }
            return Err(Failure::new(format!(
                "`{spec}` is no folder, no file, and no package with its source in {PACKAGES}"
            ))
            .next(format!(
                "install the package (`apt-get install {spec}`) or give a path"
            )));
        }
        Err(
            Failure::new(format!("there is no kernel tree at `{spec}`")).next(
                "give an unpacked kernel, a linux-*.tar.xz, or a package such as linux-source-6.12",
            ),
        )
    }

    fn open_dir(path: &Path) -> Result<Tree> {
        if path.join(DRM).is_dir() {
            return Ok(Tree::Dir(path.to_owned()));
        }
        Err(Failure::new(format!(
            "`{}` is no kernel tree: it has no {DRM}",
            path.display()
        ))
        .next("give the root of an unpacked kernel"))
    }

    /// The path the tree was found at.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Tree::Dir(path) | Tree::Tarball(path) => path,
        }
    }

    /// Whether reading some files once more is cheap. Of a tarball everything is decoded again.
    pub(crate) fn rereads_cheaply(&self) -> bool {
        matches!(self, Tree::Dir(_))
    }

    /// Hands every file that `want` accepts to `each`, in any order and from any thread.
    pub(crate) fn visit(
        &self,
        want: &(dyn Fn(&str) -> bool + Sync),
        each: &Each<'_>,
        progress: &Progress,
        skips: &Skips,
    ) -> Result<()> {
        match self {
            Tree::Dir(root) => dir::visit(root, want, each, progress, skips),
            Tree::Tarball(path) => tarball::visit(path, want, each, progress, skips),
        }
    }
}

/// Whether the survey looks at a file at all, by its path from the root.
pub(crate) fn wanted(path: &str) -> bool {
    if path == "Makefile" {
        return true;
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    let c = name.ends_with(".c") || name.ends_with(".h");
    if is_below(path, DRM) || is_below(path, ACCEL) {
        return c || is_kconfig(path) || is_makefile(path);
    }
    is_core_header(path)
}

/// Whether a file is a header that drivers include: those of DRM, and the top ones of Linux.
pub(crate) fn is_core_header(path: &str) -> bool {
    path.ends_with(".h")
        && (is_below(path, "include/drm")
            || path
                .strip_prefix("include/linux/")
                .is_some_and(|name| !name.contains('/')))
}

/// Whether a file configures the build.
pub(crate) fn is_kconfig(path: &str) -> bool {
    path.rsplit('/')
        .next()
        .is_some_and(|name| name.starts_with("Kconfig"))
}

/// Whether a file says what is built from what.
pub(crate) fn is_makefile(path: &str) -> bool {
    matches!(path.rsplit('/').next(), Some("Makefile" | "Kbuild"))
}

/// Whether `path` is inside the folder `dir`.
pub(crate) fn is_below(path: &str, dir: &str) -> bool {
    path.strip_prefix(dir)
        .is_some_and(|rest| rest.starts_with('/'))
}

/// Reads at most [`LIMIT`] bytes; `None` if there is more.
fn read_limited(mut from: impl Read, size: u64) -> std::io::Result<Option<Vec<u8>>> {
    if size > LIMIT {
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    from.by_ref().take(LIMIT + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= LIMIT).then_some(bytes))
}

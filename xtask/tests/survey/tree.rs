//! Trees to survey: the committed one, copies of it, and tarballs of it.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use xtask::survey::{self, Report};

/// The committed tree.
pub(crate) fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/survey/tree")
}

/// Every file below `root`, from it, in order.
pub(crate) fn files(root: &Path) -> Vec<String> {
    let mut out = Vec::new();
    let mut pending = vec![root.to_owned()];
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                pending.push(path);
            } else {
                let relative = path.strip_prefix(root).expect("below the root");
                out.push(relative.to_str().expect("a name").to_owned());
            }
        }
    }
    out.sort();
    out
}

/// A copy of the committed tree that a test may change.
pub(crate) fn copy() -> TempDir {
    let dir = TempDir::new().expect("a folder");
    for file in files(&committed()) {
        write(
            dir.path(),
            &file,
            fs::read(committed().join(&file)).expect("a file"),
        );
    }
    dir
}

/// Writes a file of a tree.
pub(crate) fn write(root: &Path, file: &str, text: impl AsRef<[u8]>) {
    let path = root.join(file);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, text).expect("a file");
}

/// The bytes of a plain tarball of `root`, with every path below `linux-fixture/`.
pub(crate) fn tarball(root: &Path) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for file in files(root) {
        builder
            .append_path_with_name(root.join(&file), format!("linux-fixture/{file}"))
            .expect("a file");
    }
    builder.into_inner().expect("an archive")
}

/// Compresses with xz in blocks, as distributions do.
pub(crate) fn xz(bytes: &[u8]) -> Vec<u8> {
    use std::io::Read;
    let stream = liblzma::stream::MtStreamBuilder::new()
        .threads(2)
        .block_size(1 << 16)
        .preset(1)
        .encoder()
        .expect("an encoder");
    let mut out = Vec::new();
    liblzma::read::XzEncoder::new_stream(bytes, stream)
        .read_to_end(&mut out)
        .expect("compressed");
    out
}

/// The survey of a tree.
pub(crate) fn surveyed(path: &Path) -> Report {
    survey::analyse(path.to_str().expect("a path"))
        .expect("a survey")
        .report
}

/// Why a tree cannot be surveyed.
pub(crate) fn refused(path: &Path) -> String {
    survey::analyse(path.to_str().expect("a path"))
        .expect_err("a refusal")
        .to_string()
}

//! Streams a kernel tarball without unpacking it to disk.
//!
//! The blocks of an xz file are decoded on several threads by liblzma; memory is bounded by its
//! limit plus the one file being read. A tarball that ends early is an error, also where it ends
//! exactly between two files: the archive's closing zero blocks must have been seen.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use liblzma::read::XzDecoder;
use liblzma::stream::MtStreamBuilder;

use super::{Each, read_limited};
use crate::survey::progress::Progress;
use crate::survey::skip::{Skips, Why};
use crate::{Failure, Result};

/// The first bytes of an xz file.
const XZ: [u8; 6] = [0xfd, b'7', b'z', b'X', b'Z', 0];
/// Where a tar header has its magic.
const USTAR_AT: u64 = 257;
/// What liblzma may take for decoding on several threads, in bytes; beyond it uses one.
const MEMORY: u64 = 512 << 20;
/// The two zero blocks that close an archive, in bytes.
const CLOSING: u64 = 1024;

/// Checks that `path` starts like a tarball this can read.
pub(super) fn check(path: &Path) -> Result<()> {
    format(path).map(|_| ())
}

enum Format {
    Plain,
    Xz,
}

fn format(path: &Path) -> Result<Format> {
    let fail =
        |error: std::io::Error| Failure::new(format!("cannot read `{}`: {error}", path.display()));
    let mut file = File::open(path).map_err(fail)?;
    let mut magic = [0; XZ.len()];
    let mut read = 0;
    while read < magic.len() {
        match file.read(&mut magic[read..]).map_err(fail)? {
            0 => break,
            n => read += n,
        }
    }
    if magic == XZ {
        return Ok(Format::Xz);
    }
    let mut ustar = [0; 5];
    file.seek(SeekFrom::Start(USTAR_AT)).map_err(fail)?;
    if file.read_exact(&mut ustar).is_ok() && &ustar == b"ustar" {
        return Ok(Format::Plain);
    }
    Err(Failure::new(format!(
        "`{}` is neither a .tar.xz nor a .tar",
        path.display()
    ))
    .next("give an unpacked kernel or a linux-*.tar.xz; other compressions must be unpacked first"))
}

pub(super) fn visit(
    path: &Path,
    want: &(dyn Fn(&str) -> bool + Sync),
    each: &Each<'_>,
    progress: &Progress,
    skips: &Skips,
) -> Result<()> {
    let format = format(path)?;
    let broken = |error: &std::io::Error| {
        Failure::new(format!(
            "`{}` is truncated or damaged: {error}",
            path.display()
        ))
        .next(format!(
            "fetch it again (`xz -t {}` checks it)",
            path.display()
        ))
    };
    let file = File::open(path).map_err(|error| broken(&error))?;
    progress.expect(file.metadata().map_or(0, |data| data.len()));
    let file = Counted {
        inner: BufReader::with_capacity(1 << 20, file),
        progress,
    };
    let mut reader = ZeroTail::new(match format {
        Format::Plain => Box::new(file) as Box<dyn Read + '_>,
        Format::Xz => {
            let threads = std::thread::available_parallelism().map_or(1, usize::from);
            let stream = MtStreamBuilder::new()
                .threads(u32::try_from(threads).unwrap_or(1))
                .memlimit_threading(MEMORY)
                .memlimit_stop(2 * MEMORY)
                .decoder()
                .map_err(|error| Failure::new(format!("cannot start the xz decoder: {error}")))?;
            Box::new(XzDecoder::new_stream(file, stream))
        }
    });
    let mut archive = tar::Archive::new(&mut reader);
    let mut any = false;
    for entry in archive.entries().map_err(|error| broken(&error))? {
        let entry = entry.map_err(|error| broken(&error))?;
        any = true;
        let Ok(name) = std::str::from_utf8(&entry.path_bytes()).map(str::to_owned) else {
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            skips.add(&name, Why::NameNotUtf8);
            continue;
        };
        let relative = below_root(&name);
        if !want(relative) {
            continue;
        }
        let kind = entry.header().entry_type();
        if kind.is_symlink() || kind.is_hard_link() {
            skips.add(relative, Why::Link);
        } else if kind.is_file() {
            let size = entry.size();
            match read_limited(entry, size) {
                Ok(Some(bytes)) if bytes.len() as u64 == size => each(relative, bytes),
                Ok(Some(_)) => return Err(broken(&std::io::ErrorKind::UnexpectedEof.into())),
                Ok(None) => skips.add(relative, Why::TooLarge),
                Err(error) => return Err(broken(&error)),
            }
        }
    }
    // What follows the closing blocks is padding; reading it also checks the stream's own end.
    std::io::copy(&mut reader, &mut std::io::sink()).map_err(|error| broken(&error))?;
    if !any || reader.zeros < CLOSING {
        return Err(broken(&std::io::ErrorKind::UnexpectedEof.into()));
    }
    Ok(())
}

/// A tarball's paths start with a folder named after the release; this is the rest.
fn below_root(path: &str) -> &str {
    let path = path.strip_prefix("./").unwrap_or(path);
    if path.starts_with("drivers/") || path.starts_with("include/") {
        return path;
    }
    path.split_once('/').map_or(path, |(_, rest)| rest)
}

/// Counts the zero bytes at the end of what was read.
struct ZeroTail<R> {
    inner: R,
    zeros: u64,
}

impl<R> ZeroTail<R> {
    fn new(inner: R) -> Self {
        ZeroTail { inner, zeros: 0 }
    }
}

impl<R: Read> Read for ZeroTail<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        match buffer[..read].iter().rposition(|&byte| byte != 0) {
            Some(last) => self.zeros = (read - last - 1) as u64,
            None => self.zeros += read as u64,
        }
        Ok(read)
    }
}

/// Reports the bytes of the file itself, which is what a user can see the size of.
struct Counted<'a, R> {
    inner: R,
    progress: &'a Progress,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.progress.advance(read as u64);
        Ok(read)
    }
}

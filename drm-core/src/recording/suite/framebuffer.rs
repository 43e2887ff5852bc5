//! What debugfs shows of a framebuffer's object while it is mapped, copied, shared and closed.

use crate::gem::{HandleCount, print_info};
use crate::mmap::{Prot, Sharing};

use super::client::{RDWR, close, handle_to_fd, map, square};
use super::{Bench, Dev, Out};

/// The lines that the guest looked at.
const KEYS: [&str; 8] = [
    "refcount",
    "imported",
    "size=",
    "pages_use",
    "vmap_use",
    "pages_pin",
    "start",
    "name",
];

pub(super) fn run(bench: &Bench<'_>, dev: &Dev, out: &mut Out<'_>) {
    let n = dev.name;
    let process = &bench.process;
    let file = dev.open();
    let a = square(&file);
    // A framebuffer holds its object, and a handle of it.
    let shown = {
        let object = file.lookup(a.handle).expect("the handle exists");
        HandleCount::get_if_exists(&object).expect("it has a handle")
    };
    let mut dump = |what: &str| {
        let mut text = String::new();
        print_info(&**shown.object(), &mut text, 1).expect("a string takes everything");
        for line in text.lines().map(str::trim_start) {
            if KEYS.iter().any(|key| line.starts_with(key)) {
                out.line(format!("{n} fb {what}: {line}"));
            }
        }
    };
    dump("new");
    let (_, offset) = map(&file, a.handle);
    let mmap = || {
        let mapped = process.mmap(&file, a.size, Prot::ReadWrite, Sharing::Shared, offset);
        mapped.expect("the object can be mapped")
    };
    let (p, q) = (mmap(), mmap());
    dump("2 maps");
    let _ = process.munmap(p, 4096);
    dump("2 maps, one cut");
    let child = process.fork();
    dump("forked child alive");
    drop(child);
    dump("child gone");
    let _ = process.munmap(p + 4096, a.size - 4096);
    let _ = process.munmap(q, a.size);
    dump("unmapped");
    let dma_buf = handle_to_fd(&file, a.handle, RDWR).expect("it can be exported");
    dump("exported");
    drop(dma_buf);
    dump("dmabuf closed");
    close(&file, a.handle).expect("the handle exists");
    dump("handle closed, fb holds");
}

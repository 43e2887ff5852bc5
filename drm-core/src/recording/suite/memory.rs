//! When pages come and go, and the figures of fdinfo.

use crate::gem::MemoryStats;
use crate::mmap::{Prot, Sharing};

use super::client::{CLOEXEC, RDWR, close, dumb, en, handle_to_fd, map, peek, square};
use super::{Bench, Dev, Out};

pub(super) fn run(bench: &Bench<'_>, dev: &Dev, out: &mut Out<'_>) {
    let n = dev.name;
    let process = &bench.process;
    let file = dev.open();
    let used = || bench.machine.frames().stats().used * 4;
    let before = used();
    let state = |what: &str| format!("{n} mem {what}: Shmem+{} KiB", used() - before);
    let (result, a) = dumb(&file, 1024, 1024, 32, 0);
    out.line(format!("{n} mem create 4 MiB -> {}", en(&result)));
    out.line(state("created"));
    let (_, offset) = map(&file, a.handle);
    out.line(state("offset"));
    let mmap = || {
        let mapped = process.mmap(&file, a.size, Prot::ReadWrite, Sharing::Shared, offset);
        mapped.expect("the object can be mapped")
    };
    let p = mmap();
    out.line(state("mmapped"));
    process.write(p, &[1]).expect("it is mapped");
    out.line(state("touched one"));
    let _ = process.munmap(p, a.size);
    out.line(state("munmapped"));
    let p = mmap();
    out.line(state("mmapped again"));
    out.line(format!("{n} mem contents kept -> {}", peek(process, p)));
    close(&file, a.handle).expect("the handle exists");
    out.line(state("closed, mapped"));
    let _ = process.munmap(p, a.size);
    out.line(state("munmapped, freed"));
    fdinfo(bench, dev, out);
}

fn fdinfo(bench: &Bench<'_>, dev: &Dev, out: &mut Out<'_>) {
    let n = dev.name;
    let file = dev.open();
    out.line(format!("{n} fdinfo:"));
    let (_x, y) = (square(&file), square(&file));
    let dma_buf = handle_to_fd(&file, y.handle, RDWR | CLOEXEC).expect("it can be exported");
    if dev.fdinfo {
        out.line(format!("{n}   drm-driver:\t{}", dev.device.driver().name()));
        figures(&format!("{n}   "), &file, out);
    }
    let mode = if dma_buf.is_writable() { RDWR } else { 0 };
    out.line(format!("{n}   dmabuf flags:\t0{:o}", CLOEXEC | mode));
    out.line(format!("{n}   dmabuf size:\t{}", dma_buf.size()));
    out.line(format!("{n}   dmabuf count:\t{}", dma_buf.refs()));
    let known = bench.machine.bufinfo();
    let exporter = known.first().map_or("none", |info| info.exporter);
    out.line(format!("{n}   dmabuf exp_name:\t{exporter}"));
}

/// The memory lines of fdinfo, each behind `prefix`.
pub(super) fn figures(prefix: &str, file: &crate::device::File, out: &mut Out<'_>) {
    let mut text = String::new();
    MemoryStats::of(file)
        .print(&mut text)
        .expect("a string takes everything");
    for line in text.lines() {
        out.line(format!("{prefix}{line}"));
    }
}

//! Sharing between files of one device, and what a dma-buf itself answers.

use crate::device::File;
use crate::mmap::{Process, Prot, Sharing};
use crate::prime::DmaBuf;

use super::client::{
    CLOEXEC, Dumb, RDWR, close, en, fd_to_handle, handle_to_fd, map, ok, peek, square,
};
use super::{Bench, Dev, Out};

const PAGE: u64 = 4096;

/// A buffer whose pages begin with 0x10, 0x11, 0x12, 0x13, mapped.
fn filled(process: &Process, file: &File) -> (Dumb, u64, u64) {
    let a = square(file);
    let (_, offset) = map(file, a.handle);
    let mapped = process.mmap(file, a.size, Prot::ReadWrite, Sharing::Shared, offset);
    let p = mapped.expect("the object can be mapped");
    for i in 0..4 {
        process
            .write(p + i * PAGE, &[0x10 + i as u8])
            .expect("it is mapped");
    }
    (a, offset, p)
}

pub(super) fn run(bench: &Bench<'_>, dev: &Dev, out: &mut Out<'_>) {
    let n = dev.name;
    let process = &bench.process;
    let (file, other) = (dev.open(), dev.open());
    let (a, _, p) = filled(process, &file);
    for flags in [1, 4, 0x8000_0000, CLOEXEC | RDWR | 4] {
        let exported = handle_to_fd(&file, a.handle, flags);
        out.line(format!("{n} prime flags {flags:#x} -> {}", en(&exported)));
    }
    let [bad, zero] = [77, 0].map(|handle| en(&handle_to_fd(&file, handle, 0)));
    out.line(format!("{n} prime bad handle -> {bad} {zero}"));
    let exported = handle_to_fd(&file, a.handle, 0);
    out.line(format!("{n} export ro -> {}", en(&exported)));
    let ro = exported.expect("it can be exported");
    read_only(n, process, &ro, a.size, out);
    let exported = handle_to_fd(&file, a.handle, RDWR | CLOEXEC);
    out.line(format!("{n} export rw after ro -> {}", en(&exported)));
    let rw = exported.expect("it can be exported");
    let mode = if rw.is_writable() { 2 } else { 0 };
    out.line(format!("{n} second export F_GETFL accmode={mode}"));
    out.line(format!("{n} same inode -> {}", ro.is(&rw)));
    drop((ro, rw));
    // The dma-buf keeps the first export's mode for as long as a handle stays: a new object for the rest.
    let _ = process.munmap(p, a.size);
    close(&file, a.handle).expect("the handle exists");
    let (a, offset, p) = filled(process, &file);
    let rw = handle_to_fd(&file, a.handle, RDWR | CLOEXEC).expect("it can be exported");
    arguments(n, process, &rw, a.size, out);
    for flags in [0, 1, 2, 3, 4, 5, 7, 8] {
        out.line(format!(
            "{n} dmabuf sync {flags} -> {}",
            en(&rw.sync(flags))
        ));
    }
    let (result, h) = fd_to_handle(&file, &rw);
    out.line(format!(
        "{n} import same file -> {} same handle={}",
        en(&result),
        h == a.handle
    ));
    into_other(n, process, &other, (&rw, a.size, offset), out);
    out.line(format!(
        "{n} exporter closes handle -> {}",
        en(&close(&file, a.handle))
    ));
    let _ = process.munmap(p, a.size);
    let (result, h4) = fd_to_handle(&file, &rw);
    out.line(format!("{n} import back -> {} handle={h4}", en(&result)));
    let (result, o4) = map(&file, h4);
    out.line(format!(
        "{n} map -> {} same offset={}",
        en(&result),
        o4 == offset
    ));
    let mapped = process.mmap(&file, a.size, Prot::ReadWrite, Sharing::Shared, o4);
    if let Ok(q) = mapped {
        out.line(format!("{n} contents -> {}", peek(process, q + 2 * PAGE)));
        let _ = process.munmap(q, a.size);
    }
}

fn read_only(n: &str, process: &Process, ro: &DmaBuf, size: u64, out: &mut Out<'_>) {
    let calls = [
        ("rw", Prot::ReadWrite, Sharing::Shared),
        ("ro", Prot::Read, Sharing::Shared),
        ("private-rw", Prot::ReadWrite, Sharing::Private),
        ("private-ro", Prot::Read, Sharing::Private),
    ];
    for (name, prot, sharing) in calls {
        let mapped = process.mmap_dma_buf(ro, size, prot, sharing, 0);
        out.line(format!("{n} ro dmabuf mmap {name} -> {}", ok(&mapped)));
        if let Ok(addr) = mapped {
            let _ = process.munmap(addr, size);
        }
    }
}

fn arguments(n: &str, process: &Process, rw: &DmaBuf, size: u64, out: &mut Out<'_>) {
    use Sharing::{Private, Shared};
    let calls = [
        ("full", size, Shared, 0),
        ("half", size / 2, Shared, 0),
        ("+page", size + PAGE, Shared, 0),
        ("off1", size - PAGE, Shared, PAGE),
        ("off1 full", size, Shared, PAGE),
        ("last page", PAGE, Shared, size - PAGE),
        ("private", size, Private, 0),
        ("huge off", PAGE, Shared, 0x7fff_ffff_ffff_f000),
    ];
    for (name, len, sharing, offset) in calls {
        let mapped = process.mmap_dma_buf(rw, len, Prot::ReadWrite, sharing, offset);
        let first = mapped.map_or_else(
            |_| String::new(),
            |addr| format!(" first byte {}", peek(process, addr)),
        );
        out.line(format!("{n} dmabuf mmap {name} -> {}{first}", ok(&mapped)));
        if let Ok(addr) = mapped {
            let _ = process.munmap(addr, len);
        }
    }
}

fn into_other(
    n: &str,
    process: &Process,
    other: &File,
    (rw, size, offset): (&DmaBuf, u64, u64),
    out: &mut Out<'_>,
) {
    let (result, h1) = fd_to_handle(other, rw);
    out.line(format!(
        "{n} import other file -> {} handle={h1}",
        en(&result)
    ));
    let (result, h2) = fd_to_handle(other, rw);
    out.line(format!(
        "{n} import other file again -> {} same={}",
        en(&result),
        h1 == h2
    ));
    let (result, o1) = map(other, h1);
    out.line(format!(
        "{n} other file map_dumb -> {} same offset={}",
        en(&result),
        o1 == offset
    ));
    let mapped = process.mmap(other, size, Prot::ReadWrite, Sharing::Shared, o1);
    out.line(format!("{n} other file mmap -> {}", ok(&mapped)));
    if let Ok(addr) = mapped {
        out.line(format!(
            "{n} other file reads {}",
            peek(process, addr + PAGE)
        ));
        let _ = process.munmap(addr, size);
    }
    let again = handle_to_fd(other, h1, RDWR).expect("it can be exported");
    out.line(format!(
        "{n} re-export from other file same inode -> {}",
        again.is(rw)
    ));
    drop(again);
    let (first, second) = (close(other, h1), close(other, h1));
    out.line(format!("{n} other close -> {} {}", en(&first), en(&second)));
    let (result, h3) = fd_to_handle(other, rw);
    out.line(format!(
        "{n} import after close -> {} handle={h3}",
        en(&result)
    ));
}

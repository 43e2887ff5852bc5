//! Sharing between devices: export by one, import by another, and back.

use crate::mmap::{Prot, Sharing};

use super::client::{RDWR, close, en, fd_to_handle, handle_to_fd, map, ok, peek, square, touch};
use super::{Bench, Dev, Out, memory};

const PAGE: u64 = 4096;

/// The list of dma-bufs, in one line.
pub(super) fn bufinfo(bench: &Bench<'_>) -> String {
    let list: Vec<_> = bench
        .machine
        .bufinfo()
        .iter()
        .map(ToString::to_string)
        .collect();
    list.join(" ")
}

pub(super) fn run(bench: &Bench<'_>, a: &Dev, b: &Dev, out: &mut Out<'_>) {
    let n = format!("{}->{}", a.name, b.name);
    if !bench.was_recorded(&format!("{n} export")) {
        return;
    }
    let process = &bench.process;
    let (file, other) = (a.open(), b.open());
    let x = square(&file);
    let (_, offset) = map(&file, x.handle);
    let mapped = process.mmap(&file, x.size, Prot::ReadWrite, Sharing::Shared, offset);
    let p = mapped.expect("the object can be mapped");
    process.write(p + PAGE, &[0xc3]).expect("it is mapped");
    let exported = handle_to_fd(&file, x.handle, RDWR);
    out.line(format!("{n} export -> {}", en(&exported)));
    let dma_buf = exported.expect("it can be exported");
    let z = square(&other);
    let (_, oz) = map(&other, z.handle);
    let (result, h) = fd_to_handle(&other, &dma_buf);
    out.line(format!("{n} import -> {} handle={h}", en(&result)));
    if result.is_err() {
        let _ = process.munmap(p, x.size);
        return;
    }
    out.line(format!("{n} bufinfo {}", bufinfo(bench)));
    let (_, h2) = fd_to_handle(&other, &dma_buf);
    out.line(format!("{n} import again same={}", h == h2));
    let (result, ho) = map(&other, h);
    out.line(format!(
        "{n} map_dumb(imported) -> {} off={ho:#x}",
        en(&result)
    ));
    // The import has a node all the same; it follows that of z.
    let guess = oz + z.size;
    let mapped = process.mmap(&other, x.size, Prot::ReadWrite, Sharing::Shared, guess);
    out.line(format!(
        "{n} mmap imported at guessed offset -> {}",
        ok(&mapped)
    ));
    if let Ok(q) = mapped {
        let read = peek(process, q + PAGE);
        let written = touch(process, q + 2 * PAGE, Some(0x3d));
        out.line(format!(
            "{n} imported mapping reads {read} writes {written}"
        ));
        out.line(format!("{n} exporter sees {}", peek(process, p + 2 * PAGE)));
        let private = process.mmap(&other, x.size, Prot::ReadWrite, Sharing::Private, guess);
        out.line(format!("{n} mmap imported private -> {}", ok(&private)));
        let _ = process.munmap(q, x.size);
    }
    let again = handle_to_fd(&other, h, RDWR);
    let same = again.as_ref().is_ok_and(|again| again.is(&dma_buf));
    out.line(format!("{n} re-export -> {} same inode={same}", en(&again)));
    let again = again.expect("it can be exported");
    let (result, back) = fd_to_handle(&file, &again);
    drop(again);
    let same = back == x.handle;
    out.line(format!(
        "{n} back into exporter -> {} same handle={same}",
        en(&result)
    ));
    if b.fdinfo {
        memory::figures(&format!("{n}   "), &other, out);
    }
    out.line(format!(
        "{n} exporter close handle -> {}",
        en(&close(&file, x.handle))
    ));
    drop(dma_buf);
    out.line(format!(
        "{n} bufinfo after exporter closed {}",
        bufinfo(bench)
    ));
    out.line(format!("{n} importer close -> {}", en(&close(&other, h))));
    out.line(format!("{n} bufinfo after all {}", bufinfo(bench)));
    out.line(format!(
        "{n} exporter mapping still reads {}",
        peek(process, p + PAGE)
    ));
    let _ = process.munmap(p, x.size);
}

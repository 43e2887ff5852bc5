//! Import of buffers that no DRM driver exported: of udmabuf, and of the system heap.

use crate::PAGE_SIZE;
use crate::machine::Machine;
use crate::memory::{Gfp, Page};
use crate::mmap::{Process, Prot, Sharing};
use crate::prime::DmaBuf;

use super::client::{close, en, fd_to_handle, flink, map, ok, peek, square};
use super::cross::bufinfo;
use super::{Bench, Dev, Out, exporter, memory};

/// Pages whose first bytes count up from `first`.
fn pages(machine: &Machine, first: u8, count: u8) -> Vec<Page> {
    let page = |i| {
        let page = Page::alloc(machine.frames(), Gfp::KERNEL).expect("the machine has memory");
        machine.ram().write(page.phys(), &[first + i]);
        page
    };
    (0..count).map(page).collect()
}

pub(super) fn run(bench: &Bench<'_>, out: &mut Out<'_>) {
    let machine = &bench.machine;
    let process = &bench.process;
    // The four pages of a file, of which the first was exported by itself; the middle two are the buffer.
    let file = pages(machine, 0x60, 4);
    let _first = exporter::export(machine, "udmabuf", file[..1].to_vec());
    let udmabuf = exporter::export(machine, "udmabuf", file[1..3].to_vec());
    let mapped = process.mmap_dma_buf(&udmabuf, 8192, Prot::ReadWrite, Sharing::Shared, 0);
    mapped.expect("the buffer can be mapped");
    let blank = |_| Page::alloc(machine.frames(), Gfp::KERNEL).expect("the machine has memory");
    let heap = exporter::export(machine, "system", (0..2).map(blank).collect());
    for dev in bench.subjects() {
        import(
            bench,
            process,
            dev,
            &[("udmabuf", &udmabuf), ("heap", &heap)],
            out,
        );
    }
}

fn import(
    bench: &Bench<'_>,
    process: &Process,
    dev: &Dev,
    from: &[(&str, &DmaBuf)],
    out: &mut Out<'_>,
) {
    let (n, file) = (dev.name, dev.open());
    let z = square(&file);
    let (_, oz) = map(&file, z.handle);
    for (k, dma_buf) in from {
        let (result, h) = fd_to_handle(&file, dma_buf);
        out.line(format!("{n} import {k} -> {} handle={h}", en(&result)));
        if result.is_err() {
            continue;
        }
        out.line(format!("{n} {k} map_dumb -> {}", en(&map(&file, h).0)));
        let guess = oz + z.size;
        let len = 2 * PAGE_SIZE;
        let mapped = process.mmap(&file, len, Prot::ReadWrite, Sharing::Shared, guess);
        let read = mapped.map_or_else(
            |_| String::new(),
            |addr| format!(" reads {}", peek(process, addr)),
        );
        out.line(format!(
            "{n} {k} mmap at guessed offset -> {}{read}",
            ok(&mapped)
        ));
        if let Ok(addr) = mapped {
            let _ = process.munmap(addr, len);
        }
        out.line(format!(
            "{n} {k} flink imported -> {}",
            en(&flink(&file, h).0)
        ));
        out.line(format!("{n} {k} bufinfo {}", bufinfo(bench)));
        if dev.fdinfo {
            memory::figures(&format!("{n} {k}   "), &file, out);
        }
        out.line(format!("{n} {k} close -> {}", en(&close(&file, h))));
    }
}

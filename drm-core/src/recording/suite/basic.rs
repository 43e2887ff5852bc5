//! Dumb sizes, handles, offsets, arguments of mmap, other files, names.

use crate::device::{File, OpenFlags};
use crate::mmap::{Process, Prot, Sharing};

use super::client::{close, destroy, dumb, en, flink, map, ok, open_name, square};
use super::contents;
use super::{Bench, Dev, Out};

/// Width, height, bits per pixel, flags.
const SIZES: [(u32, u32, u32, u32); 33] = [
    (64, 64, 32, 0),
    (1, 1, 32, 0),
    (1, 1, 8, 0),
    (1, 1, 1, 0),
    (7, 1, 1, 0),
    (9, 1, 1, 0),
    (1, 1, 16, 0),
    (3, 3, 24, 0),
    (17, 5, 15, 0),
    (33, 3, 10, 0),
    (5, 5, 12, 0),
    (1, 1, 64, 0),
    (5, 7, 33, 0),
    (1025, 1, 32, 0),
    (1024, 1, 32, 0),
    (0, 1, 32, 0),
    (1, 0, 32, 0),
    (1, 1, 0, 0),
    (64, 64, 32, 1),
    (0xffff_ffff, 1, 32, 0),
    (0x4000_0000, 1, 32, 0),
    (0x3fff_ffff, 1, 32, 0),
    (0x2000_0000, 1, 32, 0),
    (1, 0xffff_ffff, 32, 0),
    (0x1_0000, 0x1_0000, 32, 0),
    (0x8000, 0x8000, 32, 0),
    (0x7fff, 0x8000, 32, 0),
    (1, 1, 0xffff_ffff, 0),
    (1, 1, 0xffff_fff8, 0),
    (1, 1, 0xffff_fff9, 0),
    (2, 1, 0x8000_0000, 0),
    (0x1000, 1, 0x0010_0000, 0),
    (1, 0x4000_0000, 32, 0),
];

pub(super) fn run(bench: &Bench<'_>, dev: &Dev, out: &mut Out<'_>) {
    let n = dev.name;
    let process = &bench.process;
    let file = dev.open();
    out.line(format!("{n} -- create_dumb sizes"));
    for (w, h, bpp, flags) in SIZES {
        let operation = format!("{n} dumb w={w:#x} h={h:#x} bpp={bpp:#x} fl={flags}");
        // A guest with less memory left the largest out.
        if !bench.was_recorded(&operation) {
            continue;
        }
        let (result, made) = dumb(&file, w, h, bpp, flags);
        out.line(format!(
            "{operation} -> {} handle={} pitch={:#x} size={:#x}",
            en(&result),
            made.handle,
            made.pitch,
            made.size
        ));
        if result.is_ok() {
            let gone = destroy(&file, made.handle);
            out.line(format!("{n}   destroy -> {}", en(&gone)));
        }
    }
    out.line(format!("{n} -- handles"));
    let (a, b, c) = (square(&file), square(&file), square(&file));
    out.line(format!(
        "{n} handles {} {} {}",
        a.handle, b.handle, c.handle
    ));
    out.line(format!("{n} close b -> {}", en(&close(&file, b.handle))));
    out.line(format!(
        "{n} close b again -> {}",
        en(&close(&file, b.handle))
    ));
    out.line(format!(
        "{n} destroy_dumb b -> {}",
        en(&destroy(&file, b.handle))
    ));
    out.line(format!("{n} close 0 -> {}", en(&close(&file, 0))));
    out.line(format!(
        "{n} close 0xffffffff -> {}",
        en(&close(&file, u32::MAX))
    ));
    let b2 = square(&file);
    out.line(format!(
        "{n} reuse handle {} (freed {})",
        b2.handle, b.handle
    ));
    let [closed, zero, bad] = [99, 0, u32::MAX].map(|handle| en(&map(&file, handle).0));
    out.line(format!(
        "{n} map_dumb closed/0/bad -> {closed} {zero} {bad}"
    ));
    let (result, oa) = map(&file, a.handle);
    out.line(format!("{n} map a -> {} off={oa:#x}", en(&result)));
    let (result, again) = map(&file, a.handle);
    out.line(format!(
        "{n} map a again -> {} same={}",
        en(&result),
        oa == again
    ));
    let (oc, ob) = (map(&file, c.handle).1, map(&file, b2.handle).1);
    out.line(format!(
        "{n} offsets b2-a={:#x} c-a={:#x}",
        ob.wrapping_sub(oa),
        oc.wrapping_sub(oa)
    ));
    arguments(n, process, &file, a.size, oa, out);
    read_only(dev, process, a.size, out);
    other_file(dev, process, &file, (a.handle, a.size, oa), out);
    contents::run(n, process, file, (a, oa), out);
}

fn arguments(n: &str, process: &Process, file: &File, size: u64, at: u64, out: &mut Out<'_>) {
    use Prot::{Read, ReadWrite};
    use Sharing::{Private, Shared};
    out.line(format!("{n} -- mmap arguments (size 0x4000)"));
    let calls = [
        ("full", size, ReadWrite, Shared, at),
        ("half", size / 2, ReadWrite, Shared, at),
        ("one-byte", 1, ReadWrite, Shared, at),
        ("size+1", size + 1, ReadWrite, Shared, at),
        ("size+page", size + 4096, ReadWrite, Shared, at),
        ("double", size * 2, ReadWrite, Shared, at),
        ("off+page", size - 4096, ReadWrite, Shared, at + 4096),
        ("off+page,1pg", 4096, ReadWrite, Shared, at + 4096),
        ("off+1", size, ReadWrite, Shared, at + 1),
        ("off0", size, ReadWrite, Shared, 0),
        ("len0", 0, ReadWrite, Shared, at),
        ("private-rw", size, ReadWrite, Private, at),
        ("private-ro", size, Read, Private, at),
        ("ro", size, Read, Shared, at),
    ];
    for (name, len, prot, sharing, offset) in calls {
        let mapped = process.mmap(file, len, prot, sharing, offset);
        out.line(format!("{n} mmap {name} -> {}", ok(&mapped)));
        if let Ok(addr) = mapped {
            process
                .munmap(addr, len)
                .expect("what is mapped can be unmapped");
        }
    }
}

fn read_only(dev: &Dev, process: &Process, size: u64, out: &mut Out<'_>) {
    let n = dev.name;
    let file = dev
        .device
        .open_with(OpenFlags::READ_ONLY)
        .expect("the device opens");
    let (result, x) = dumb(&file, 64, 64, 32, 0);
    out.line(format!("{n} rdonly-fd dumb -> {}", en(&result)));
    let (_, offset) = map(&file, x.handle);
    let calls = [
        ("rw", Prot::ReadWrite, Sharing::Shared),
        ("ro", Prot::Read, Sharing::Shared),
        ("private-ro", Prot::Read, Sharing::Private),
    ];
    for (name, prot, sharing) in calls {
        let mapped = process.mmap(&file, size, prot, sharing, offset);
        out.line(format!("{n} rdonly-fd mmap {name} -> {}", ok(&mapped)));
        if let Ok(addr) = mapped {
            let changed = process.mprotect(addr, size, Prot::ReadWrite);
            out.line(format!("{n} rdonly-fd mprotect rw -> {}", en(&changed)));
            process
                .munmap(addr, size)
                .expect("what is mapped can be unmapped");
        }
    }
}

fn other_file(
    dev: &Dev,
    process: &Process,
    file: &File,
    (handle, size, offset): (u32, u64, u64),
    out: &mut Out<'_>,
) {
    let n = dev.name;
    let other = dev.open();
    let mmap = || process.mmap(&other, size, Prot::ReadWrite, Sharing::Shared, offset);
    out.line(format!("{n} -- other file"));
    out.line(format!("{n} other mmap -> {}", ok(&mmap())));
    out.line(format!(
        "{n} other map_dumb(handle) -> {}",
        en(&map(&other, handle).0)
    ));
    out.line(format!(
        "{n} other close(handle) -> {}",
        en(&close(&other, handle))
    ));
    let (result, name) = flink(file, handle);
    out.line(format!("{n} flink -> {} name={name}", en(&result)));
    let (result, again) = flink(file, handle);
    out.line(format!(
        "{n} flink again -> {} same={}",
        en(&result),
        name == again
    ));
    let (result, h, bytes) = open_name(&other, name);
    out.line(format!(
        "{n} open(name) -> {} handle={h} size={bytes:#x}",
        en(&result)
    ));
    let (result, h2, _) = open_name(&other, name);
    out.line(format!(
        "{n} open(name) again -> {} handle={h2}",
        en(&result)
    ));
    out.line(format!(
        "{n} open(bad) -> {}",
        en(&open_name(&other, 999).0)
    ));
    let mapped = mmap();
    out.line(format!("{n} other mmap after open -> {}", ok(&mapped)));
    if let Ok(addr) = mapped {
        process
            .munmap(addr, size)
            .expect("what is mapped can be unmapped");
    }
    out.line(format!("{n} other close {h} -> {}", en(&close(&other, h))));
    let one_left = mmap();
    out.line(format!(
        "{n} other mmap after close one of two -> {}",
        ok(&one_left)
    ));
    out.line(format!(
        "{n} other close {h2} -> {}",
        en(&close(&other, h2))
    ));
    out.line(format!(
        "{n} other mmap after close both -> {}",
        ok(&mmap())
    ));
}

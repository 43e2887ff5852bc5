//! Contents and lifetime: what two mappings see, splits, moves, fork, handles closed while mapped.

use crate::device::File;
use crate::mmap::{Process, Prot, Sharing};

use super::Out;
use super::client::{Dumb, close, en, map, ok, peek, square, touch};

const PAGE: u64 = 4096;

fn hex(process: &Process, addr: u64) -> String {
    process
        .read_byte(addr)
        .map_or_else(|errno| errno.to_string(), |byte| format!("{byte:#x}"))
}

pub(super) fn run(n: &str, process: &Process, file: File, (a, oa): (Dumb, u64), out: &mut Out<'_>) {
    let size = a.size;
    let mmap = |offset| process.mmap(&file, size, Prot::ReadWrite, Sharing::Shared, offset);
    let mapped = |offset| mmap(offset).expect("the object can be mapped");
    let peek = |addr| peek(process, addr);
    let munmap = |addr, len| process.munmap(addr, len);
    out.line(format!("{n} -- contents and lifetime"));
    let (p, q) = (mapped(oa), mapped(oa));
    let mut bytes = vec![0xff; size as usize];
    let read = process.read(p, &mut bytes);
    let zeroed = read.is_ok() && bytes.iter().all(|byte| *byte == 0);
    out.line(format!("{n} zeroed -> {zeroed}"));
    for i in 0..4 {
        process
            .write(p + i * PAGE, &[0xa0 + i as u8])
            .expect("it is mapped");
    }
    let seen: Vec<_> = (0..4).map(|i| hex(process, q + i * PAGE)).collect();
    out.line(format!("{n} second mapping sees -> {}", seen.join(",")));
    out.line(format!("{n} munmap q -> {}", en(&munmap(q, size))));
    out.line(format!(
        "{n} munmap first page of p -> {}",
        en(&munmap(p, PAGE))
    ));
    let [one, two, three] = [1, 2, 3].map(|i| peek(p + i * PAGE));
    out.line(format!("{n} split: touched pages read {one},{two},{three}"));
    let s = mapped(oa);
    let _ = munmap(s, PAGE);
    let [one, two, three] = [1, 2, 3].map(|i| peek(s + i * PAGE));
    out.line(format!(
        "{n} split-before-touch: pages read {one},{two},{three}"
    ));
    let _ = munmap(s + PAGE, size - PAGE);
    let s = mapped(oa);
    let _ = munmap(s + PAGE, PAGE);
    let [zero, two, three] = [0, 2, 3].map(|i| peek(s + i * PAGE));
    out.line(format!(
        "{n} hole-before-touch: pages read {zero},-,{two},{three}"
    ));
    let _ = (munmap(s, PAGE), munmap(s + 2 * PAGE, 2 * PAGE));
    let s = mapped(oa);
    let changed = process.mprotect(s + PAGE, PAGE, Prot::Read);
    out.line(format!("{n} mprotect middle -> {}", en(&changed)));
    let [zero, one, two, three] = [0, 1, 2, 3].map(|i| peek(s + i * PAGE));
    out.line(format!(
        "{n} mprotect-split-before-touch: {zero},{one},{two},{three}"
    ));
    let touched = touch(process, s + PAGE, Some(1));
    out.line(format!("{n} write to ro page -> {touched}"));
    let _ = munmap(s, size);
    remap(n, process, mapped(oa), size, out);
    let (read, written) = (
        touch(process, p + 2 * PAGE, None),
        touch(process, p + 2 * PAGE, Some(0x77)),
    );
    out.line(format!("{n} fork: child reads {read} writes {written}"));
    out.line(format!("{n} fork: parent sees {}", peek(p + 2 * PAGE)));
    out.line(format!(
        "{n} close a while mapped -> {}",
        en(&close(&file, a.handle))
    ));
    let (read, again) = (peek(p + 2 * PAGE), ok(&mmap(oa)));
    let offset = en(&map(&file, a.handle).0);
    out.line(format!(
        "{n} after close: read {read} mmap again {again} map_dumb {offset}"
    ));
    let e = square(&file);
    let oe = map(&file, e.handle).1;
    out.line(format!(
        "{n} new object while a mapped: handle={} off-a={:#x}",
        e.handle,
        oe.wrapping_sub(oa)
    ));
    let _ = munmap(p + PAGE, size - PAGE);
    out.line(format!("{n} after munmap: mmap a -> {}", ok(&mmap(oa))));
    let e2 = square(&file);
    let oe2 = map(&file, e2.handle).1;
    out.line(format!(
        "{n} new object after a freed: handle={} off-a={:#x}",
        e2.handle,
        oe2.wrapping_sub(oa)
    ));
    let s = mapped(oe);
    process.write(s, &[0x5c]).expect("it is mapped");
    drop(file);
    out.line(format!("{n} fd closed while mapped: read {}", peek(s)));
    let _ = munmap(s, size);
}

fn remap(n: &str, process: &Process, s: u64, size: u64, out: &mut Out<'_>) {
    let grown = process.mremap(s, size, size * 2);
    out.line(format!("{n} mremap grow -> {}", ok(&grown)));
    let copied = process.mremap(s, 0, size);
    out.line(format!("{n} mremap dup(old_size 0) -> {}", ok(&copied)));
    let shrunk = process.mremap(s, size, size / 2);
    out.line(format!("{n} mremap shrink -> {}", ok(&shrunk)));
    let moved = process.mremap_move(s, size / 2);
    out.line(format!("{n} mremap move -> {}", ok(&moved)));
    if let Ok(to) = moved {
        let (first, second) = (peek(process, to), peek(process, to + PAGE));
        out.line(format!("{n} moved pages read {first},{second}"));
        let _ = process.munmap(to, size / 2);
    }
}

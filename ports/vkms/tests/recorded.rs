//! The life of a framebuffer as a running vkms showed it in debugfs, line by line.

use std::path::Path;

use drm_core::device::core_nr;
use drm_core::machine::{Config, Machine};
use drm_core::mmap::{Prot, Sharing};
use drm_core::recording::Recording;
use port_kit::kms::{ADDFB, Scene};
use port_vkms::{Options, Vkms, probe};

/// The suite that was recorded on Linux 6.12.117.
const SUITE: &str = "../../gem-shmem/data/linux-6.12.117-suite.txt.xz";

/// What the guest looked at in the debugfs file, but for where the object lies: that depends on what came before.
const KEYS: [&str; 6] = [
    "refcount",
    "size=",
    "name",
    "imported",
    "pages_use",
    "vmap_use",
];

/// The lines of `framebuffer` in debugfs, with `what` before each.
fn dump(s: &Scene<Vkms>, what: &str, lines: &mut Vec<String>) {
    let mut text = String::new();
    let printed = s.kms().print_framebuffers(&mut text);
    printed.expect("a string takes everything");
    let shown = text.lines().map(str::trim);
    let shown = shown.filter(|line| KEYS.iter().any(|key| line.starts_with(key)));
    lines.extend(shown.map(|line| format!("vkms fb {what}: {line}")));
}

fn replay(s: &Scene<Vkms>) -> Vec<String> {
    let mut lines = Vec::new();
    let a = s.dumb(64, 64, 32).expect("a buffer");
    let mut add: Vec<u8> = [0, 64, 64, a.pitch, 32, 24, a.handle]
        .into_iter()
        .flat_map(u32::to_ne_bytes)
        .collect();
    s.file.ioctl(ADDFB.raw(), &mut add).expect("a framebuffer");
    dump(s, "new", &mut lines);
    let offset = s.file.dumb_map_offset(a.handle).expect("an offset");
    let map = || {
        let (prot, sharing) = (Prot::ReadWrite, Sharing::Shared);
        let at = s.process.mmap(&s.file, a.size, prot, sharing, offset);
        at.expect("a mapping")
    };
    let (p, q) = (map(), map());
    dump(s, "2 maps", &mut lines);
    s.process.munmap(p, 4096).expect("a mapped page");
    dump(s, "2 maps, one cut", &mut lines);
    let child = s.process.fork();
    dump(s, "forked child alive", &mut lines);
    drop(child);
    dump(s, "child gone", &mut lines);
    let rest = s.process.munmap(p + 4096, a.size - 4096);
    rest.and_then(|()| s.process.munmap(q, a.size))
        .expect("mapped pages");
    dump(s, "unmapped", &mut lines);
    let dma_buf = s.file.export(a.handle, true).expect("a dma-buf");
    dump(s, "exported", &mut lines);
    drop(dma_buf);
    dump(s, "dmabuf closed", &mut lines);
    let mut close = [a.handle, 0].map(u32::to_ne_bytes).concat();
    let closed = s.file.ioctl(core_nr::GEM_CLOSE.raw(), &mut close);
    closed.expect("a handle");
    dump(s, "handle closed, fb holds", &mut lines);
    lines
}

#[test]
fn a_framebuffer_shows_what_the_kernel_showed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(SUITE);
    let recording = Recording::open(path).expect("the recorded suite");
    let kernel: Vec<&str> = recording
        .lines()
        .map(|line| line.text)
        .filter(|line| line.starts_with("vkms fb ") && !line.contains(": start="))
        .collect();
    let machine = Machine::new(Config::default()).expect("a machine");
    let s = Scene::<Vkms>::of(probe(&machine, Options::default()));
    let model = replay(&s);
    assert_eq!(kernel.len(), 72, "the recording has this many lines");
    for (kernel, model) in kernel.iter().zip(&model) {
        assert_eq!(kernel, model);
    }
    assert_eq!(kernel.len(), model.len());
    assert_eq!(s.finish(), "left: 0 objects\n");
}

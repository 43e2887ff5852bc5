//! Dumb buffers: as a running virtio GPU answered, and what its host was told.

use std::path::Path;

use drm_core::device::{Device, File, core_nr};
use drm_core::dma::DmaConfig;
use drm_core::errno::Result;
use drm_core::machine::{Config, Machine};
use drm_core::recording::Recording;
use drm_core::sync::Arc;
use port_virtgpu::{Command, Host, Module, probe};

const SUITE: &str = "data/linux-6.12.117-suite-virtio-cirrus.txt.xz";

fn device(machine: &Machine, module: &Arc<Module>) -> (Device, Arc<Host>) {
    let host = Arc::new(Host::default());
    let dev = probe(machine, module, &host, DmaConfig::default(), false);
    (dev, host)
}

/// Handle, pitch, size.
fn dumb(file: &File, [w, h, bpp, flags]: [u32; 4]) -> (Result, [u32; 4]) {
    let mut arg: Vec<u8> = [h, w, bpp, flags, 0, 0, 0, 0]
        .into_iter()
        .flat_map(u32::to_ne_bytes)
        .collect();
    let result = file.ioctl(core_nr::MODE_CREATE_DUMB.raw(), &mut arg);
    let word = |at: usize| u32::from_ne_bytes([arg[at], arg[at + 1], arg[at + 2], arg[at + 3]]);
    (result, [word(16), word(20), word(24), word(28)])
}

fn close(file: &File, handle: u32) -> Result {
    let mut arg = [handle, 0].map(u32::to_ne_bytes).concat();
    file.ioctl(core_nr::GEM_CLOSE.raw(), &mut arg)
}

/// The four numbers of a recorded `dumb` line.
fn asked(line: &str) -> Option<[u32; 4]> {
    let words = line
        .strip_prefix("virtio_gpu dumb ")?
        .split(" -> ")
        .next()?;
    let mut numbers = words.split(' ').filter_map(|word| {
        let value = word.split_once('=')?.1;
        let hex = value.strip_prefix("0x");
        hex.map_or_else(|| value.parse(), |hex| u32::from_str_radix(hex, 16))
            .ok()
    });
    Some([
        numbers.next()?,
        numbers.next()?,
        numbers.next()?,
        numbers.next()?,
    ])
}

#[test]
fn dumb_buffers_are_what_the_kernel_made_of_them() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(SUITE);
    let recording = Recording::open(path).expect("the recorded suite");
    let machine = Machine::new(Config::default()).expect("a machine");
    let (dev, _host) = device(&machine, &Arc::default());
    let file = dev.open().expect("a file");
    let mut compared = 0;
    for line in recording.lines() {
        let Some(numbers) = asked(line.text) else {
            continue;
        };
        let (result, [handle, pitch, low, high]) = dumb(&file, numbers);
        let answer = result
            .as_ref()
            .map_or_else(ToString::to_string, |()| "0".into());
        let size = u64::from(low) | u64::from(high) << 32;
        let ours = format!("{answer} handle={handle} pitch={pitch:#x} size={size:#x}");
        assert_eq!(
            line.text.split(" -> ").nth(1),
            Some(ours.as_str()),
            "{}",
            line.text
        );
        if result.is_ok() {
            close(&file, handle).expect("a handle");
        }
        compared += 1;
    }
    assert!(
        compared >= 25,
        "only {compared} lines are about dumb buffers"
    );
}

#[test]
fn an_object_is_freed_once_by_the_hosts_answer_and_its_id_is_never_used_again() {
    let machine = Machine::new(Config::default()).expect("a machine");
    let module = Arc::default();
    let (dev, host) = device(&machine, &module);
    let file = dev.open().expect("a file");
    let (result, [handle, ..]) = dumb(&file, [64, 64, 32, 0]);
    result.expect("a buffer");
    close(&file, handle).expect("a handle");
    let commands = host.commands();
    let [
        Command::Create2d(2, 64, 64),
        Command::AttachBacking(2, entries),
        Command::Unref(2),
    ] = &commands[..]
    else {
        panic!("{commands:?}");
    };
    assert_eq!(entries.iter().map(|entry| entry.len).sum::<u64>(), 16384);
    assert_eq!(host.answer(), 1, "one object waits for its answer");
    assert_eq!(host.answer(), 0, "and is freed once");
    dumb(&file, [1, 1, 32, 0]).0.expect("a buffer");
    assert_eq!(host.commands()[3], Command::Create2d(3, 1, 1));
}

//! Dumb buffers and framebuffers: sizes, mappings, and what is refused.

use drm_core::device::core_nr;
use drm_core::errno::Result;
use drm_core::machine::{Config, Machine};
use drm_core::mmap::{Prot, Sharing};
use port_kit::kms::{ADDFB, ADDFB2, FbCmd, Format, RMFB, Scene};
use port_simpledrm::{Firmware, Simpledrm, probe};

fn scene() -> Scene<Simpledrm> {
    let machine = Machine::new(Config::default()).expect("a machine");
    let firmware = Firmware {
        width: 64,
        height: 64,
        pitch: 256,
        format: Format::XRGB8888,
    };
    Scene::of(probe(&machine, firmware))
}

#[test]
fn a_dumb_buffer_gets_its_pages_at_mmap_and_keeps_its_bytes() -> Result {
    let mut s = scene();
    let buffer = s.dumb(1024, 768, 32)?;
    s.log(format_args!("pitch {}, size {}", buffer.pitch, buffer.size));
    let object = s.object(buffer.handle).expect("an object");
    s.usage("created", &object);
    let offset = s.file.dumb_map_offset(buffer.handle)?;
    let map = |s: &Scene<Simpledrm>| {
        s.process.mmap(
            &s.file,
            buffer.size,
            Prot::ReadWrite,
            Sharing::Shared,
            offset,
        )
    };
    let at = map(&s)?;
    s.usage("mapped", &object);
    s.process.write(at + 5000, b"kept")?;
    let child = s.process.fork();
    s.usage("forked", &object);
    drop(child);
    s.usage("the child is gone", &object);
    s.process.munmap(at, buffer.size)?;
    s.usage("unmapped", &object);
    // Nobody uses the pages now: they may go to swap.
    if let Some(file) = object.gem().filp() {
        let swapped = file.swap_out(u64::MAX);
        s.log(format_args!("{swapped} pages swapped out"));
    }
    let at = map(&s)?;
    let mut bytes = [0; 4];
    s.process.read(at + 5000, &mut bytes)?;
    s.log(format_args!(
        "mapped again: {:?}",
        String::from_utf8_lossy(&bytes)
    ));
    drop(object);
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn the_pitch_of_a_dumb_buffer_wraps_in_32_bits() {
    let mut s = scene();
    for (width, height, bpp) in [
        (1, 1, 8),
        (3, 3, 24),
        (9, 1, 1),
        (1, 1, 0),
        (0, 1, 32),
        (1, 0, 32),
        (0x1000_0001, 1, 32),
        (0x1000_0000, 1, 32),
        (0x4000_0000, 1, 32),
        (0x1_0000, 0x1_0000, 32),
        (u32::MAX, 1, 32),
        (1, 1, u32::MAX),
    ] {
        let what = format!("{width:#x} by {height:#x}, {bpp:#x} bits");
        let answer = s.dumb(width, height, bpp);
        let answer = answer.map(|buffer| (buffer.pitch, buffer.size));
        s.answer(&what, answer);
    }
    insta::assert_snapshot!(s.finish());
}

#[test]
fn a_framebuffer_that_does_not_fit_is_refused() -> Result {
    let mut s = scene();
    let buffer = s.dumb(64, 64, 32)?;
    let good = FbCmd::packed(64, 64, Format::XRGB8888, buffer.handle, 256);
    let of = |change: fn(&mut FbCmd)| {
        let mut cmd = good;
        change(&mut cmd);
        cmd
    };
    let cases = [
        ("as it is", good),
        ("pitch too small", of(|cmd| cmd.pitches[0] = 255)),
        ("offset past the end", of(|cmd| cmd.offsets[0] = 1)),
        ("handle 77", of(|cmd| cmd.handles[0] = 77)),
        ("no handle", of(|cmd| cmd.handles[0] = 0)),
        ("no width", of(|cmd| cmd.width = 0)),
        ("smaller than the screen", of(|cmd| cmd.height = 63)),
        ("larger than any screen", of(|cmd| cmd.width = 4097)),
        ("a format not shown", of(|cmd| cmd.format = Format::RGB565)),
        ("no format", of(|cmd| cmd.format = Format::from_raw(7))),
        ("unknown flags", of(|cmd| cmd.flags = 4)),
        ("a modifier not announced", of(|cmd| cmd.modifiers[0] = 1)),
        (
            "a modifier not shown",
            of(|cmd| (cmd.flags, cmd.modifiers[0]) = (2, 1)),
        ),
        (
            "beyond 4 GiB",
            of(|cmd| (cmd.pitches[0], cmd.offsets[0]) = (1 << 26, 1)),
        ),
        (
            "garbage in a plane it has not",
            of(|cmd| (cmd.flags, cmd.pitches[1]) = (2, 1)),
        ),
    ];
    for (what, cmd) in cases {
        let answer = s.kms().add_fb(&s.file, &cmd);
        s.answer(what, answer);
    }
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn framebuffers_are_made_and_removed_by_ioctl() -> Result {
    let mut s = scene();
    let buffer = s.dumb(64, 64, 32)?;
    let mut add: Vec<u8> = [0, 64, 64, 256, 32, 24, buffer.handle]
        .into_iter()
        .flat_map(u32::to_ne_bytes)
        .collect();
    let answer = s.file.ioctl(ADDFB.raw(), &mut add);
    s.answer("ADDFB", answer);
    let mut add2 = [0u8; 104];
    let words = [0, 64, 64, Format::XRGB8888.raw(), 0, buffer.handle];
    for (i, word) in words.into_iter().enumerate() {
        add2[i * 4..][..4].copy_from_slice(&word.to_ne_bytes());
    }
    add2[36..40].copy_from_slice(&256u32.to_ne_bytes());
    let answer = s.file.ioctl(ADDFB2.raw(), &mut add2);
    s.answer("ADDFB2", answer);
    s.log(format_args!("numbers {} and {}", add[0], add2[0]));
    let other = s.dev.open()?;
    let answer = other.ioctl(RMFB.raw(), &mut add[..4].to_vec());
    s.answer("RMFB by another file", answer);
    for _ in 0..2 {
        let answer = s.file.ioctl(RMFB.raw(), &mut add[..4].to_vec());
        s.answer("RMFB", answer);
    }
    let answer = s.file.ioctl(core_nr::MODE_MAP_DUMB.raw(), &mut [0; 16]);
    s.answer("MAP_DUMB of handle 0", answer);
    drop(other);
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn a_framebuffer_keeps_the_handle_count_of_its_object() -> Result {
    let mut s = scene();
    let (buffer, fb) = s.picture(Format::XRGB8888)?;
    let object = s.object(buffer.handle).expect("an object");
    let dma_buf = s.file.export(buffer.handle, true)?;
    let state = |s: &mut Scene<Simpledrm>, what: &str| {
        let header = object.gem();
        s.log(format_args!(
            "{what}: {} handles, dma-buf {}",
            header.handle_count(),
            header.has_dma_buf()
        ));
    };
    state(&mut s, "handle and framebuffer");
    s.file.handle_delete(buffer.handle)?;
    state(&mut s, "framebuffer alone");
    s.kms().rm_fb(&s.file, fb)?;
    state(&mut s, "neither");
    drop((object, dma_buf));
    insta::assert_snapshot!(s.finish());
    Ok(())
}

//! The composed picture, written into a framebuffer.

use drm_core::PAGE_SIZE;
use drm_core::errno::Result;
use drm_core::gem::Gem;
use drm_core::machine::{Config, Fail, Machine};
use drm_core::mmap::{Prot, Sharing};
use port_kit::kms::{Buffer, FbCmd, Format, PlaneUpdate, Rect, Request, Scene};
use port_vkms::{Options, Vkms, probe};

const WIDTH: u32 = 64;
const HEIGHT: u32 = 16;
const PITCH: u32 = WIDTH * 4;
const CURSOR: usize = 1;
const WHITE: [u8; 4] = [0xff, 0xff, 0xff, 0];

fn scene() -> Scene<Vkms> {
    let machine = Machine::new(Config::default()).expect("a machine");
    let options = Options {
        mode: (WIDTH, HEIGHT),
        ..Options::default()
    };
    Scene::of(probe(&machine, options))
}

fn object(s: &Scene<Vkms>, buffer: Buffer) -> Gem {
    s.object(buffer.handle).expect("an object")
}

fn write_to(fb: u32) -> Request {
    Request {
        writeback: Some(fb),
        ..Request::default()
    }
}

/// All bytes of a buffer.
fn bytes(s: &Scene<Vkms>, buffer: &Buffer) -> Result<Vec<u8>> {
    let offset = s.file.dumb_map_offset(buffer.handle)?;
    let at = s
        .process
        .mmap(&s.file, buffer.size, Prot::Read, Sharing::Shared, offset)?;
    let mut bytes = vec![0; buffer.size as usize];
    s.process.read(at, &mut bytes)?;
    s.process.munmap(at, buffer.size)?;
    Ok(bytes)
}

#[test]
fn a_job_is_mapped_from_its_preparation_to_its_end() -> Result {
    let mut s = scene();
    let (a, fb) = s.picture(Format::XRGB8888)?;
    s.paint(&a, &WHITE)?;
    s.turn_on(fb)?;
    let (target, target_fb) = s.picture(Format::XRGB8888)?;
    let target_object = object(&s, target);
    s.kms().atomic(&s.file, &write_to(target_fb))?;
    s.usage("queued", &target_object);
    let line = format!("composes: {}", s.driver.output().composes());
    s.log(line);
    s.driver.output().vblank();
    s.driver.output().run();
    s.usage("done", &target_object);
    let line = format!(
        "composes: {}, jobs done: {}",
        s.driver.output().composes(),
        s.driver.output().writebacks()
    );
    s.log(line);
    let pixels = bytes(&s, &target)?;
    let white = pixels.as_chunks::<4>().0.iter();
    let white = white.filter(|pixel| **pixel == [0xff; 4]).count();
    s.log(format_args!("{white} pixels are white and opaque"));
    drop(target_object);
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn a_job_that_is_never_queued_is_unmapped_and_turns_the_composer_off() -> Result {
    let mut s = scene();
    let (a, fb) = s.picture(Format::XRGB8888)?;
    let a = object(&s, a);
    s.turn_on(fb)?;
    s.driver.set_crc_source(Some("auto"))?;
    let (target, target_fb) = s.picture(Format::XRGB8888)?;
    let target = object(&s, target);
    let mut request = write_to(target_fb);
    request.planes = vec![PlaneUpdate::show(0, fb, WIDTH, HEIGHT)];
    let (_, other) = s.picture(Format::ARGB8888)?;
    let cursor = PlaneUpdate::show(CURSOR, other, WIDTH, HEIGHT);
    request.planes.push(cursor);
    // The target is mapped first, the second plane last.
    s.machine().failpoints().fail_nth(Fail::Vmap, 2);
    let commit = s.kms().atomic(&s.file, &request);
    s.machine().failpoints().disarm();
    s.answer("commit", commit);
    s.usage("target", &target);
    s.usage("a, still shown", &a);
    let line = format!(
        "composes for the checksums: {}",
        s.driver.output().composes()
    );
    s.log(line);
    drop((a, target));
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn the_offset_of_a_target_is_added_once() -> Result {
    let mut s = scene();
    let (a, fb) = s.picture(Format::XRGB8888)?;
    s.paint(&a, &WHITE)?;
    s.turn_on(fb)?;
    let target = s.dumb(WIDTH, HEIGHT * 8, 32)?;
    let cmd = FbCmd::packed(WIDTH, HEIGHT, Format::XRGB8888, target.handle, PITCH);
    let target_fb = s.kms().add_fb(&s.file, &cmd.at(PAGE_SIZE as u32))?;
    s.kms().atomic(&s.file, &write_to(target_fb))?;
    s.driver.output().vblank();
    s.driver.output().run();
    let pages = bytes(&s, &target)?;
    let written: Vec<usize> = pages
        .chunks(PAGE_SIZE as usize)
        .enumerate()
        .filter(|(_, page)| page.iter().any(|byte| *byte != 0))
        .map(|(page, _)| page)
        .collect();
    s.log(format_args!("pages written: {written:?}"));
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn planes_are_blended_where_they_are() -> Result {
    let mut s = scene();
    let (a, fb) = s.picture(Format::XRGB8888)?;
    s.paint(&a, &[0, 0, 0xff, 0])?;
    let cursor = s.dumb(16, 10, 32)?;
    let cursor_fb = s.fb(&cursor, Format::ARGB8888)?;
    // Half transparent blue, multiplied by its alpha; one row of it opaque.
    s.paint(&cursor, &[0x80, 0, 0, 0x80])?;
    s.draw(&cursor, Rect::new(0, 9, 16, 10), &[0xff, 0, 0, 0xff])?;
    let show = PlaneUpdate::show(CURSOR, cursor_fb, 16, 10).at(56, -2);
    let request = Request::planes([PlaneUpdate::show(0, fb, WIDTH, HEIGHT), show]);
    s.kms().atomic(&s.file, &request.active(true))?;
    for format in [Format::XRGB8888, Format::RGB565, Format::ARGB16161616] {
        let (target, target_fb) = s.picture(format)?;
        s.kms().atomic(&s.file, &write_to(target_fb))?;
        s.driver.output().vblank();
        s.driver.output().run();
        let picture = bytes(&s, &target)?;
        let cpp = format.cpp() as usize;
        for (what, x, y) in [
            ("beside", 55, 0),
            ("over", 56, 0),
            ("row", 63, 7),
            ("under", 63, 8),
        ] {
            let at = y * target.pitch as usize + x * cpp;
            s.log(format_args!(
                "{format} {what}: {:02x?}",
                &picture[at..at + cpp]
            ));
        }
    }
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn a_target_must_be_as_large_as_the_screen() -> Result {
    let mut s = scene();
    let (_, fb) = s.picture(Format::XRGB8888)?;
    s.turn_on(fb)?;
    let small = s.dumb(WIDTH, HEIGHT - 1, 32)?;
    let small = s.fb(&small, Format::XRGB8888)?;
    let answer = s.kms().atomic(&s.file, &write_to(small));
    s.answer("a line short", answer);
    let answer = s.kms().atomic(&s.file, &write_to(77));
    s.answer("framebuffer 77", answer);
    let without = Options {
        mode: (WIDTH, HEIGHT),
        enable_writeback: false,
        ..Options::default()
    };
    let other = Scene::<Vkms>::of(probe(s.machine(), without));
    let (_, fb) = other.picture(Format::XRGB8888)?;
    other.turn_on(fb)?;
    let answer = other.kms().atomic(&other.file, &write_to(fb));
    s.answer("without the connector", answer);
    s.log(other.finish().trim_end());
    insta::assert_snapshot!(s.finish());
    Ok(())
}

/// Whatever allocation or mapping of a commit fails, what was shown stays as it was, and nothing is left behind.
#[test]
fn a_commit_that_fails_anywhere_changes_nothing() -> Result {
    let mut s = scene();
    let (a, fb_a) = s.picture(Format::XRGB8888)?;
    let a = object(&s, a);
    s.turn_on(fb_a)?;
    let mut failures = 0;
    for nth in 1.. {
        let (b, fb_b) = s.picture(Format::XRGB8888)?;
        let (c, fb_c) = s.picture(Format::ARGB8888)?;
        let (target, fb_t) = s.picture(Format::XRGB8888)?;
        let request = Request {
            writeback: Some(fb_t),
            ..Request::planes([
                PlaneUpdate::show(0, fb_b, WIDTH, HEIGHT),
                PlaneUpdate::show(CURSOR, fb_c, WIDTH, HEIGHT),
            ])
        };
        s.machine().failpoints().fail_any_nth(nth);
        let commit = s.kms().atomic(&s.file, &request);
        let failed = s.machine().failpoints().disarm();
        assert_eq!(commit.is_err(), failed, "failure {nth}");
        if !failed {
            break;
        }
        failures += 1;
        for new in [b, c, target] {
            let usage = port_kit::kms::usage(&object(&s, new));
            assert_eq!(usage, "u=0 v=0", "failure {nth}");
        }
        assert_eq!(port_kit::kms::usage(&a), "u=1 v=1", "failure {nth}");
        let shown = s.kms().shown(0).map(|fb| fb.id);
        assert_eq!(shown, Some(fb_a), "failure {nth}");
    }
    s.log(format_args!("{failures} failures"));
    drop(a);
    insta::assert_snapshot!(s.finish());
    Ok(())
}

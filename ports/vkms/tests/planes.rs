//! When the composer's buffers are mapped, and what it makes of them.

use drm_core::PAGE_SIZE;
use drm_core::errno::Result;
use drm_core::gem::Gem;
use drm_core::machine::{Config, Fail, Machine};
use drm_core::mmap::{Prot, Sharing};
use drm_core::resv::{FenceContext, Usage};
use drm_core::sync::{Arc, Mutex};
use port_kit::kms::{
    Buffer, Exporter, FbCmd, Fbdev, Format, PlaneUpdate, Rect, Request, Scene, usage,
};
use port_vkms::{Options, Vkms, probe};

const WIDTH: u32 = 64;
const HEIGHT: u32 = 16;
const PITCH: u32 = WIDTH * 4;
const CURSOR: usize = 1;
const RED: [u8; 4] = [0, 0, 0xff, 0];
const BLUE: [u8; 4] = [0xff, 0, 0, 0];

fn scene_with(options: Options) -> Scene<Vkms> {
    let machine = Machine::new(Config::default()).expect("a machine");
    Scene::of(probe(&machine, options))
}

fn options() -> Options {
    Options {
        mode: (WIDTH, HEIGHT),
        ..Options::default()
    }
}

fn scene() -> Scene<Vkms> {
    scene_with(options())
}

fn object(s: &Scene<Vkms>, buffer: Buffer) -> Gem {
    s.object(buffer.handle).expect("an object")
}

/// The checksum of the next frame.
fn crc(s: &Scene<Vkms>) -> u32 {
    s.driver.output().vblank();
    s.driver.output().run();
    let crcs = s.driver.output().take_crcs();
    crcs.last().expect("a checksum").crc
}

/// The checksum of a screen full of one colour.
fn crc_of(pixel: [u8; 4]) -> Result<u32> {
    let s = scene();
    let (buffer, fb) = s.picture(Format::XRGB8888)?;
    s.paint(&buffer, &pixel)?;
    s.driver.set_crc_source(Some("auto"))?;
    s.turn_on(fb)?;
    Ok(crc(&s))
}

/// Writes `value` into the first bytes of each page of a buffer, one more for each page.
fn number_pages(s: &Scene<Vkms>, buffer: &Buffer) -> Result {
    let offset = s.file.dumb_map_offset(buffer.handle)?;
    let (prot, sharing) = (Prot::ReadWrite, Sharing::Shared);
    let at = s
        .process
        .mmap(&s.file, buffer.size, prot, sharing, offset)?;
    for page in 0..buffer.size / PAGE_SIZE {
        let bytes = vec![page as u8; PAGE_SIZE as usize];
        s.process.write(at + page * PAGE_SIZE, &bytes)?;
    }
    s.process.munmap(at, buffer.size)
}

#[test]
fn both_buffers_are_mapped_during_a_flip() -> Result {
    let mut s = scene();
    let (a, fb_a) = s.picture(Format::XRGB8888)?;
    let (b, fb_b) = s.picture(Format::XRGB8888)?;
    let (a, b) = (object(&s, a), object(&s, b));
    s.turn_on(fb_a)?;
    s.usage("a, shown", &a);
    let fence = FenceContext::new().fence();
    {
        let mut guard = b.gem().resv().lock();
        guard.reserve_fences(1)?;
        guard.add_fence(&fence, Usage::Write);
    }
    let seen = Arc::new(Mutex::new(String::new()));
    let (note, first, second) = (Arc::clone(&seen), a.downgrade(), b.downgrade());
    s.machine().add_hardware(move || {
        let (Some(a), Some(b)) = (first.upgrade(), second.upgrade()) else {
            return false;
        };
        let waiting = !fence.is_signaled();
        if waiting {
            *note.lock() = format!("a {}, b {}", usage(&a), usage(&b));
            fence.signal();
        }
        waiting
    });
    s.flip(fb_b)?;
    let during = seen.lock().clone();
    s.log(format_args!("prepared, not swapped: {during}"));
    s.usage("a, after the flip", &a);
    s.usage("b, after the flip", &b);
    drop((a, b));
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn the_composer_is_flushed_before_the_old_buffer_is_unmapped() -> Result {
    let mut s = scene();
    let (a, fb_a) = s.picture(Format::XRGB8888)?;
    let (b, fb_b) = s.picture(Format::XRGB8888)?;
    s.paint(&a, &RED)?;
    s.paint(&b, &BLUE)?;
    let a = object(&s, a);
    s.driver.set_crc_source(Some("auto"))?;
    s.turn_on(fb_a)?;
    s.driver.output().run();
    let _ = s.driver.output().take_crcs();

    // The frame of `a` is asked for, and not composed yet.
    s.driver.output().vblank();
    s.flip(fb_b)?;
    let crcs = s.driver.output().take_crcs();
    let red = crc_of(RED)?;
    let lines: Vec<_> = crcs
        .iter()
        .map(|entry| (entry.frame, entry.crc == red))
        .collect();
    s.log(format_args!("composed during the flip, and red: {lines:?}"));
    s.usage("a", &a);
    s.driver.output().run();
    let crcs = s.driver.output().take_crcs();
    let blue = crc_of(BLUE)?;
    let lines: Vec<_> = crcs
        .iter()
        .map(|entry| (entry.frame, entry.crc == blue))
        .collect();
    s.log(format_args!("composed after it, and blue: {lines:?}"));
    drop(a);
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn a_worker_that_falls_behind_gives_one_checksum_for_every_frame() -> Result {
    let mut s = scene();
    let (_, fb) = s.picture(Format::XRGB8888)?;
    s.driver.set_crc_source(Some("auto"))?;
    s.turn_on(fb)?;
    for _ in 0..3 {
        s.driver.output().vblank();
    }
    s.driver.output().run();
    let crcs = s.driver.output().take_crcs();
    let frames: Vec<u64> = crcs.iter().map(|entry| entry.frame).collect();
    let same = crcs.iter().all(|entry| entry.crc == crcs[0].crc);
    s.log(format_args!("frames {frames:?}, one checksum: {same}"));
    let source = s.driver.set_crc_source(Some("plane"));
    s.answer("an unknown source", source);
    let line = format!("composes: {}", s.driver.output().composes());
    s.log(line);
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn the_offset_of_a_framebuffer_is_added_twice_when_it_is_read() -> Result {
    let mut s = scene();
    // Eight pages; a page is one screen.
    let buffer = s.dumb(WIDTH, HEIGHT * 8, 32)?;
    number_pages(&s, &buffer)?;
    let cmd = FbCmd::packed(WIDTH, HEIGHT, Format::XRGB8888, buffer.handle, PITCH);
    let fb = s.kms().add_fb(&s.file, &cmd.at(PAGE_SIZE as u32))?;
    s.driver.set_crc_source(Some("auto"))?;
    s.turn_on(fb)?;
    let seen = crc(&s);
    for page in 0..8u8 {
        if crc_of([page, page, page, 0])? == seen {
            s.log(format_args!(
                "offset of one page: the composer reads page {page}"
            ));
        }
    }
    let far = s.kms().add_fb(&s.file, &cmd.at(7 * PAGE_SIZE as u32))?;
    let flip = s.flip(far);
    s.answer("offset of seven pages", flip);
    s.driver.output().run();
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn a_mapping_that_fails_in_the_second_plane_unmaps_the_first() -> Result {
    let mut s = scene();
    let (a, fb_a) = s.picture(Format::XRGB8888)?;
    let (b, fb_b) = s.picture(Format::ARGB8888)?;
    let (a, b) = (object(&s, a), object(&s, b));
    let request = Request::planes([
        PlaneUpdate::show(0, fb_a, WIDTH, HEIGHT),
        PlaneUpdate::show(CURSOR, fb_b, WIDTH, HEIGHT),
    ])
    .active(true);
    s.machine().failpoints().fail_nth(Fail::Vmap, 2);
    let commit = s.kms().atomic(&s.file, &request);
    s.machine().failpoints().disarm();
    s.answer("commit", commit);
    s.usage("a", &a);
    s.usage("b", &b);
    let line = format!("screen on: {}", s.kms().crtc().active);
    s.log(line);
    drop((a, b));
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn every_commit_maps_all_planes_of_the_crtc_anew() -> Result {
    let mut s = scene();
    let (a, fb_a) = s.picture(Format::XRGB8888)?;
    let (b, fb_b) = s.picture(Format::ARGB8888)?;
    let (a, b) = (object(&s, a), object(&s, b));
    let both = Request::planes([
        PlaneUpdate::show(0, fb_a, WIDTH, HEIGHT),
        PlaneUpdate::show(CURSOR, fb_b, WIDTH, HEIGHT),
    ]);
    s.kms().atomic(&s.file, &both.active(true))?;
    let before = s.machine().counters().snapshot();
    let cursor = PlaneUpdate::show(CURSOR, fb_b, WIDTH, HEIGHT).at(4, 4);
    s.kms().atomic(&s.file, &Request::planes([cursor]))?;
    let spent = s.machine().counters().snapshot() - before;
    s.log(format_args!(
        "a commit of the cursor: {} reservations locked, {} vmaps",
        spent.resv_locked, spent.vmaps
    ));
    s.usage("a", &a);
    s.usage("b", &b);
    drop((a, b));
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn an_import_is_read_without_telling_its_exporter() -> Result {
    let mut s = scene();
    let camera = Exporter::new(s.machine(), 1)?;
    camera.paint(&BLUE);
    let handle = s.file.import(camera.dma_buf())?;
    let cmd = FbCmd::packed(WIDTH, HEIGHT, Format::XRGB8888, handle, PITCH);
    let fb = s.kms().add_fb(&s.file, &cmd)?;
    s.driver.set_crc_source(Some("auto"))?;
    s.turn_on(fb)?;
    let blue = crc(&s) == crc_of(BLUE)?;
    s.log(format_args!("the camera's picture was composed: {blue}"));
    s.flip(fb)?;
    s.log(format_args!("{:?}", camera.take_calls()));
    let mut text = s.finish();
    text += &format!("closed: {:?}\n", camera.take_calls());
    insta::assert_snapshot!(text);
    Ok(())
}

#[test]
fn a_buffer_of_one_device_is_composed_by_another() -> Result {
    let mut owner = scene();
    let viewer = Scene::<Vkms>::of(probe(owner.machine(), options()));
    let buffer = owner.dumb(WIDTH, HEIGHT, 32)?;
    owner.paint(&buffer, &RED)?;
    let owned = object(&owner, buffer);
    let dma_buf = owner.file.export(buffer.handle, true)?;
    let handle = viewer.file.import(&dma_buf)?;
    drop(dma_buf);
    let cmd = FbCmd::packed(WIDTH, HEIGHT, Format::XRGB8888, handle, PITCH);
    let fb = viewer.kms().add_fb(&viewer.file, &cmd)?;
    viewer.driver.set_crc_source(Some("auto"))?;
    viewer.turn_on(fb)?;
    owner.usage("shown by the other device", &owned);
    let red = crc(&viewer) == crc_of(RED)?;
    owner.log(format_args!("red arrived: {red}"));
    owner.paint(&buffer, &BLUE)?;
    let blue = crc(&viewer) == crc_of(BLUE)?;
    owner.log(format_args!("blue, drawn while it is shown: {blue}"));
    let text = viewer.finish();
    owner.usage("the other device is closed", &owned);
    drop(owned);
    owner.log(text.trim_end());
    insta::assert_snapshot!(owner.finish());
    Ok(())
}

#[test]
fn removing_the_primary_framebuffer_leaves_the_screen_on() -> Result {
    let mut s = scene();
    let (a, fb) = s.picture(Format::XRGB8888)?;
    let a = object(&s, a);
    s.turn_on(fb)?;
    s.kms().rm_fb(&s.file, fb)?;
    s.usage("removed", &a);
    let line = format!("screen on: {}", s.kms().crtc().active);
    s.log(line);
    drop(a);
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn there_is_no_dirty_hook() -> Result {
    let mut s = scene();
    let (_, fb) = s.picture(Format::XRGB8888)?;
    s.turn_on(fb)?;
    let dirty = s.kms().dirty_fb(&s.file, fb, &[Rect::new(0, 0, 1, 1)]);
    s.answer("DIRTYFB", dirty);
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn the_console_is_composed_without_being_flushed() -> Result {
    let mut s = scene();
    let console = Fbdev::<Vkms>::setup(&s.dev, Format::XRGB8888)?;
    s.driver.set_crc_source(Some("auto"))?;
    let map = console.mmap();
    map.write(0, &RED.repeat((WIDTH * HEIGHT) as usize))?;
    let red = crc(&s) == crc_of(RED)?;
    s.log(format_args!("red before the flush: {red}"));
    s.machine().sleep(50_000_000);
    drop((map, console));
    insta::assert_snapshot!(s.finish());
    Ok(())
}

//! What a commit maps, draws and unmaps.

use drm_core::errno::Result;
use drm_core::machine::{Config, Fail, Machine};
use port_kit::kms::{Format, PlaneUpdate, Rect, Request, Scene, changed};
use port_simpledrm::{Firmware, Simpledrm, probe};

const RED: [u8; 4] = [0, 0, 0xff, 0];
/// No byte of it is black.
const WHITE: [u8; 4] = [0xff; 4];
const PITCH: usize = 4096;

fn scene_of(format: Format) -> Scene<Simpledrm> {
    let machine = Machine::new(Config::default()).expect("a machine");
    let pitch = 1024 * format.cpp();
    let firmware = Firmware {
        width: 1024,
        height: 64,
        pitch,
        format,
    };
    Scene::of(probe(&machine, firmware))
}

fn scene() -> Scene<Simpledrm> {
    scene_of(Format::XRGB8888)
}

/// What the screen shows differently from `before`, in bytes.
fn drawn(s: &mut Scene<Simpledrm>, what: &str, before: &mut Vec<u8>) {
    let after = s.driver.screen().bytes();
    let changes = changed(before, &after, PITCH);
    s.log(format_args!("{what}: {changes}"));
    *before = after;
}

#[test]
fn a_displayed_buffer_stays_mapped_until_the_end_of_the_next_commit() -> Result {
    let mut s = scene();
    let (a, fb_a) = s.picture(Format::XRGB8888)?;
    let (b, fb_b) = s.picture(Format::XRGB8888)?;
    let (a, b) = (s.object(a.handle), s.object(b.handle));
    let (Some(a), Some(b)) = (a, b) else {
        panic!("two objects");
    };
    s.usage("a, a framebuffer but not shown", &a);
    s.turn_on(fb_a)?;
    s.usage("a, shown", &a);
    s.flip(fb_b)?;
    s.usage("a, after b was shown", &a);
    s.usage("b, shown", &b);
    s.kms().atomic(
        &s.file,
        &Request::planes([PlaneUpdate::off(0)]).active(false),
    )?;
    s.usage("b, after the plane went off", &b);
    drop((a, b));
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn showing_the_same_buffer_again_moves_only_the_count() -> Result {
    let mut s = scene();
    let (a, fb) = s.picture(Format::XRGB8888)?;
    s.turn_on(fb)?;
    let before = s.machine().counters().snapshot();
    s.flip(fb)?;
    s.flip(fb)?;
    let spent = s.machine().counters().snapshot() - before;
    s.log(format_args!(
        "two flips: {} vmaps, {} vunmaps",
        spent.vmaps, spent.vunmaps
    ));
    if let Some(object) = s.object(a.handle) {
        s.usage("after", &object);
    }
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn pixels_arrive() -> Result {
    let mut s = scene();
    let (a, fb) = s.picture(Format::XRGB8888)?;
    s.paint(&a, &RED)?;
    s.turn_on(fb)?;
    let screen = s.driver.screen().bytes();
    let red = screen.as_chunks::<4>().0.iter().filter(|p| **p == RED);
    let line = format!("{} of {} pixels are red", red.count(), 1024 * 64);
    s.log(line);
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn turning_the_plane_off_makes_the_screen_black() -> Result {
    let mut s = scene();
    let (a, fb) = s.picture(Format::XRGB8888)?;
    s.paint(&a, &RED)?;
    s.turn_on(fb)?;
    let without_crtc = s
        .kms()
        .atomic(&s.file, &Request::planes([PlaneUpdate::off(0)]));
    s.answer("plane off, screen on", without_crtc);
    let off = Request::planes([PlaneUpdate::off(0)]).active(false);
    let both = s.kms().atomic(&s.file, &off);
    s.answer("both off", both);
    let black = s.driver.screen().bytes().iter().all(|byte| *byte == 0);
    s.log(format_args!("black: {black}"));
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn removing_a_displayed_framebuffer_turns_the_screen_off_first() -> Result {
    let mut s = scene();
    let (a, fb) = s.picture(Format::XRGB8888)?;
    s.paint(&a, &RED)?;
    s.turn_on(fb)?;
    let object = s.object(a.handle).expect("an object");
    s.file.handle_delete(a.handle)?;
    s.usage("handle closed, shown", &object);
    let removed = s.kms().rm_fb(&s.file, fb);
    s.answer("remove", removed);
    let again = s.kms().rm_fb(&s.file, fb);
    s.answer("remove again", again);
    s.usage("removed", &object);
    let line = format!("screen on: {}", s.kms().crtc().active);
    s.log(line);
    drop(object);
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn closing_the_file_takes_its_picture_off() -> Result {
    let s = scene();
    let (a, fb) = s.picture(Format::XRGB8888)?;
    s.paint(&a, &RED)?;
    s.turn_on(fb)?;
    let driver = s.driver.clone();
    let text = s.finish();
    let black = driver.screen().bytes().iter().all(|byte| *byte == 0);
    insta::assert_snapshot!(format!("{text}black: {black}"));
    Ok(())
}

#[test]
fn only_what_is_damaged_is_drawn() -> Result {
    let mut s = scene();
    let (a, fb) = s.picture(Format::XRGB8888)?;
    s.turn_on(fb)?;
    s.paint(&a, &WHITE)?;
    let mut before = s.driver.screen().bytes();
    let clip = Rect::new(10, 10, 20, 20);
    s.update(|update| update.damaged(&[clip]), fb)?;
    drawn(&mut s, "one clip", &mut before);
    let outside = Rect::new(1024, 0, 2000, 10);
    let corner = Rect::new(0, 62, 4, 70);
    s.update(|update| update.damaged(&[outside, corner]), fb)?;
    drawn(&mut s, "one clip outside, one over the edge", &mut before);
    let empty = s.update(|update| update.damaged(&[Rect::new(5, 5, 5, 9)]), fb);
    s.answer("an empty clip", empty);
    s.flip(fb)?;
    drawn(&mut s, "no clips", &mut before);
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn another_framebuffer_alone_does_not_draw_everything() -> Result {
    let mut s = scene();
    let (_, fb_a) = s.picture(Format::XRGB8888)?;
    let (b, fb_b) = s.picture(Format::XRGB8888)?;
    s.paint(&b, &WHITE)?;
    s.turn_on(fb_a)?;
    let mut before = s.driver.screen().bytes();
    let clip = Rect::new(0, 0, 8, 1);
    s.update(|update| update.damaged(&[clip]), fb_b)?;
    drawn(&mut s, "a clip of another framebuffer", &mut before);
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn a_source_that_moved_is_drawn_as_a_whole_and_beyond_the_screen() -> Result {
    let mut s = scene();
    let wide = s.dumb(1100, 64, 32)?;
    let fb = s.fb(&wide, Format::XRGB8888)?;
    s.turn_on(fb)?;
    s.paint(&wide, &WHITE)?;
    let mut before = s.driver.screen().bytes();
    let clip = Rect::new(0, 0, 2, 2);
    s.update(|update| update.from(50, 0).damaged(&[clip]), fb)?;
    drawn(&mut s, "clip and a source that moved", &mut before);
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn a_plane_must_cover_the_screen_and_not_scale() -> Result {
    let mut s = scene();
    let (_, fb) = s.picture(Format::XRGB8888)?;
    s.turn_on(fb)?;
    let moved = s.update(|update| update.at(1, 0), fb);
    s.answer("moved by a pixel", moved);
    let scaled = s.update(
        |mut update| {
            update.size = (512, 64);
            update
        },
        fb,
    );
    s.answer("half as wide", scaled);
    let beyond = s.update(|update| update.from(1, 0), fb);
    s.answer("source beyond the framebuffer", beyond);
    let far = s.update(|update| update.at(i32::MAX, 0), fb);
    s.answer("destination beyond 32 bits", far);
    let unknown = s.flip(77);
    s.answer("framebuffer 77", unknown);
    let request = Request::planes([PlaneUpdate::show(1, fb, 1024, 64)]);
    let plane = s.kms().atomic(&s.file, &request);
    s.answer("plane 1", plane);
    let modeset = Request {
        active: Some(false),
        ..Request::default()
    };
    let modeset = s.kms().atomic(&s.file, &modeset);
    s.answer("a modeset that was not allowed", modeset);
    let test = Request {
        test_only: true,
        ..Request::planes([PlaneUpdate::show(0, fb, 1024, 64)])
    };
    let test = s.kms().atomic(&s.file, &test);
    s.answer("test only", test);
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn pixels_are_converted_to_the_format_of_the_screen() -> Result {
    let mut s = scene_of(Format::RGB565);
    let (a, fb) = s.picture(Format::XRGB8888)?;
    s.paint(&a, &RED)?;
    s.turn_on(fb)?;
    let screen = s.driver.screen().bytes();
    let same = screen.as_chunks::<2>().0.iter().all(|p| *p == screen[..2]);
    let word = u16::from_le_bytes([screen[0], screen[1]]);
    s.log(format_args!("every pixel {word:#06x}: {same}"));
    let palette = s.dumb(1024, 64, 8)?;
    let palette = s.fb(&palette, Format::C8);
    s.answer("a palette framebuffer", palette);
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn no_room_for_a_converted_line_fails_the_check() -> Result {
    let mut s = scene_of(Format::RGB565);
    let (a, fb) = s.picture(Format::XRGB8888)?;
    let object = s.object(a.handle).expect("an object");
    s.machine().failpoints().fail_nth(Fail::Alloc, 1);
    let on = s.turn_on(fb);
    s.answer("turn on", on);
    s.machine().failpoints().disarm();
    s.usage("nothing is mapped", &object);
    let line = format!("screen on: {}", s.kms().crtc().active);
    s.log(line);
    drop(object);
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn a_format_that_nothing_converts_warns_once_and_draws_nothing() -> Result {
    let mut s = scene_of(Format::ABGR8888);
    let (a, fb) = s.picture(Format::XBGR8888)?;
    s.paint(&a, &RED)?;
    let on = s.turn_on(fb);
    s.answer("turn on", on);
    let again = s.flip(fb);
    s.answer("flip", again);
    let black = s.driver.screen().bytes().iter().all(|byte| *byte == 0);
    s.log(format_args!("black: {black}"));
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn a_mapping_that_fails_leaves_the_screen_as_it_was() -> Result {
    let mut s = scene();
    let (a, fb_a) = s.picture(Format::XRGB8888)?;
    s.paint(&a, &WHITE)?;
    s.turn_on(fb_a)?;
    let a = s.object(a.handle).expect("an object");
    let mut before = s.driver.screen().bytes();
    for fail in [Fail::PageAlloc, Fail::Alloc, Fail::Vmap] {
        let (b, fb_b) = s.picture(Format::XRGB8888)?;
        let b = s.object(b.handle).expect("an object");
        s.machine().failpoints().fail_from(fail, 1);
        let flip = s.flip(fb_b);
        s.machine().failpoints().disarm();
        s.answer(&format!("flip with a failed {fail:?}"), flip);
        s.usage("a", &a);
        s.usage("b", &b);
    }
    drawn(&mut s, "the screen", &mut before);
    let shown = s.kms().shown(0).map(|fb| fb.id);
    s.log(format_args!("shown: framebuffer {shown:?}"));
    drop(a);
    insta::assert_snapshot!(s.finish());
    Ok(())
}

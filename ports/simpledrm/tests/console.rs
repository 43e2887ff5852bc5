//! fbdev, DIRTYFB, and the device that goes away.

use drm_core::PAGE_SIZE;
use drm_core::errno::Result;
use drm_core::machine::{Config, Machine};
use drm_core::resv::{FenceContext, Usage};
use port_kit::kms::{DIRTYFB, Fbdev, Format, PlaneUpdate, Rect, Request, Scene, changed};
use port_simpledrm::{Firmware, Simpledrm, probe};

const WHITE: [u8; 4] = [0xff; 4];
const MILLISECOND: u64 = 1_000_000;

fn scene_of(width: u32, height: u32) -> Scene<Simpledrm> {
    let machine = Machine::new(Config::default()).expect("a machine");
    let firmware = Firmware {
        width,
        height,
        pitch: width * 4,
        format: Format::XRGB8888,
    };
    Scene::of(probe(&machine, firmware))
}

/// What the screen shows differently from `before`, in bytes.
fn drawn(s: &mut Scene<Simpledrm>, what: &str, before: &mut Vec<u8>) {
    let pitch = s.driver.screen().pitch as usize;
    let after = s.driver.screen().bytes();
    let changes = changed(before, &after, pitch);
    s.log(format_args!("{what}: {changes}"));
    *before = after;
}

#[test]
fn the_console_draws_what_was_written_after_50_ms() -> Result {
    // 300 pixels: a page is three lines and a part of a fourth.
    let mut s = scene_of(300, 40);
    let console = Fbdev::<Simpledrm>::setup(&s.dev, Format::XRGB8888)?;
    let object = console.object().clone().into_dyn();
    // Pinned, mapped by the console, mapped by the plane.
    s.usage("console", &object);
    let mut before = s.driver.screen().bytes();
    let map = console.mmap();
    map.write(3 * PAGE_SIZE, &WHITE.repeat(1024))?;
    drawn(&mut s, "at once", &mut before);
    s.machine().sleep(49 * MILLISECOND);
    drawn(&mut s, "after 49 ms", &mut before);
    s.machine().sleep(MILLISECOND);
    drawn(&mut s, "after 50 ms", &mut before);
    map.write(0, &WHITE)?;
    map.write(5 * PAGE_SIZE, &WHITE)?;
    s.machine().sleep(50 * MILLISECOND);
    drawn(&mut s, "pages 0 and 5, in one flush", &mut before);
    console.write(8, &WHITE)?;
    s.machine().sleep(0);
    drawn(&mut s, "write() needs no delay", &mut before);
    let beyond = map.write(12 * PAGE_SIZE, &WHITE);
    s.answer("write beyond the screen", beyond);
    drop(console);
    s.usage("the console is gone", &object);
    let later = map.write(6 * PAGE_SIZE, &WHITE);
    s.answer("a page that was never touched", later);
    drop((map, object));
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn the_console_loses_a_page_that_is_exactly_one_line() -> Result {
    let mut s = scene_of(1024, 16);
    let console = Fbdev::<Simpledrm>::setup(&s.dev, Format::XRGB8888)?;
    let mut before = s.driver.screen().bytes();
    let map = console.mmap();
    map.write(3 * PAGE_SIZE, &WHITE.repeat(1024))?;
    s.machine().sleep(50 * MILLISECOND);
    drawn(&mut s, "page 3, which is line 3", &mut before);
    map.write(4 * PAGE_SIZE, &WHITE)?;
    map.write(5 * PAGE_SIZE, &WHITE)?;
    s.machine().sleep(50 * MILLISECOND);
    drawn(&mut s, "pages 4 and 5", &mut before);
    drop((map, console));
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn dirtyfb_draws_its_clips_by_a_commit() -> Result {
    let mut s = scene_of(64, 64);
    let (buffer, fb) = s.picture(Format::XRGB8888)?;
    let (_, hidden) = s.picture(Format::XRGB8888)?;
    s.turn_on(fb)?;
    s.paint(&buffer, &WHITE)?;
    let object = s.object(buffer.handle).expect("an object");
    let mut before = s.driver.screen().bytes();
    let clips = [Rect::new(1, 2, 5, 4), Rect::new(60, 60, 64, 64)];
    let dirty = s.kms().dirty_fb(&s.file, fb, &clips);
    s.answer("two clips", dirty);
    drawn(&mut s, "drawn", &mut before);
    s.usage("still mapped once", &object);
    let dirty = s.kms().dirty_fb(&s.file, hidden, &[]);
    s.answer("of a framebuffer that is not shown", dirty);
    drawn(&mut s, "drawn", &mut before);
    let dirty = s.kms().dirty_fb(&s.file, 77, &[]);
    s.answer("of framebuffer 77", dirty);
    let dirty = s.kms().dirty_fb(&s.file, fb, &[clips[0]; 257]);
    s.answer("257 clips", dirty);
    let dirty = s.kms().dirty_fb(&s.file, fb, &[]);
    s.answer("no clips", dirty);
    drawn(&mut s, "drawn", &mut before);
    drop(object);
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn dirtyfb_reads_its_clips_from_user_space() -> Result {
    let mut s = scene_of(64, 64);
    let (buffer, fb) = s.picture(Format::XRGB8888)?;
    s.turn_on(fb)?;
    s.paint(&buffer, &WHITE)?;
    let mut before = s.driver.screen().bytes();
    let clips: Vec<u8> = [[0u16, 0, 4, 1], [8, 8, 12, 9]]
        .into_iter()
        .flatten()
        .flat_map(u16::to_ne_bytes)
        .collect();
    let at = s.machine().user().put(&clips);
    let call = |s: &Scene<Simpledrm>, flags: u32, n: u32, at: u64| {
        let mut arg = Vec::new();
        for word in [fb, flags, 0, n] {
            arg.extend(word.to_ne_bytes());
        }
        arg.extend(at.to_ne_bytes());
        s.file.ioctl(DIRTYFB.raw(), &mut arg)
    };
    let answer = call(&s, 1, 2, at);
    s.answer("a pair: the second is where it was copied from", answer);
    drawn(&mut s, "drawn", &mut before);
    let answer = call(&s, 0, 2, at);
    s.answer("two clips", answer);
    drawn(&mut s, "drawn", &mut before);
    let cases = [
        ("an odd number of pairs", 1, 1, at),
        ("a number without a pointer", 0, 1, 0),
        ("a pointer without a number", 0, 0, at),
        ("257 clips", 0, 257, at),
        ("a wild pointer", 0, 1, 8),
    ];
    for (what, flags, n, at) in cases {
        let answer = call(&s, flags, n, at);
        s.answer(what, answer);
    }
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn a_device_that_goes_away_during_a_commit_draws_nothing_and_leaks_nothing() -> Result {
    let mut s = scene_of(64, 64);
    let (_, fb_a) = s.picture(Format::XRGB8888)?;
    let (b, fb_b) = s.picture(Format::XRGB8888)?;
    s.turn_on(fb_a)?;
    s.paint(&b, &WHITE)?;
    let object = s.object(b.handle).expect("an object");
    let fence = FenceContext::new().fence();
    {
        let mut guard = object.gem().resv().lock();
        guard.reserve_fences(1)?;
        guard.add_fence(&fence, Usage::Write);
    }
    let (dev, pending) = (s.dev.clone(), fence.clone());
    s.machine().add_hardware(move || {
        let first = !pending.is_signaled();
        if first {
            dev.unplug();
            pending.signal();
        }
        first
    });
    let mut before = s.driver.screen().bytes();
    let flip = s.flip(fb_b);
    s.answer("flip, unplugged meanwhile", flip);
    drawn(&mut s, "drawn", &mut before);
    s.usage("shown", &object);
    let request = Request::planes([PlaneUpdate::show(0, fb_a, 64, 64)]);
    let next = s.kms().atomic(&s.file, &request);
    s.answer("the next request", next);
    drop(object);
    insta::assert_snapshot!(s.finish());
    Ok(())
}

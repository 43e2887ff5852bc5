//! The order of the callbacks, in success and in failure.

use drm_core::errno::{Errno, Result};
use drm_core::machine::Fail;
use drm_core::resv::{FenceContext, Usage};

use super::two_planes::{HEIGHT, OVERLAY, PRIMARY, TwoPlanesDriver, WIDTH, scene};
use crate::kms::{FbCmd, Fbdev, Format, PlaneUpdate, Request, Scene, usage};

/// A picture for the overlay: luma in one object, chroma in another.
fn video(s: &Scene<TwoPlanesDriver>) -> Result<(u32, [u32; 2])> {
    let luma = s.dumb(WIDTH, HEIGHT, 8)?;
    let chroma = s.dumb(WIDTH / 2, HEIGHT / 2, 16)?;
    let mut cmd = FbCmd::packed(WIDTH, HEIGHT, Format::NV12, luma.handle, luma.pitch);
    (cmd.handles[1], cmd.pitches[1]) = (chroma.handle, chroma.pitch);
    let fb = s.kms().add_fb(&s.file, &cmd)?;
    Ok((fb, [luma.handle, chroma.handle]))
}

fn both(primary: u32, overlay: u32) -> Request {
    Request::planes([
        PlaneUpdate::show(PRIMARY, primary, WIDTH, HEIGHT),
        PlaneUpdate::show(OVERLAY, overlay, WIDTH, HEIGHT),
    ])
}

fn usage_of(s: &Scene<TwoPlanesDriver>, handle: u32) -> String {
    usage(&s.object(handle).expect("an object"))
}

#[test]
fn a_commit_calls_back_in_the_order_of_the_helpers() -> Result {
    let s = scene();
    let (a, fb_a) = s.picture(Format::XRGB8888)?;
    let (fb_v, [luma, chroma]) = video(&s)?;
    s.kms().atomic(&s.file, &both(fb_a, fb_v).active(true))?;
    let on = [
        "prepare 0",
        "prepare 1",
        "begin 0",
        "begin 1",
        "update 0",
        "update 1",
        "flush",
        "end 0",
        "end 1",
        "crtc on",
        "flip done",
        "cleanup 0",
        "cleanup 1",
    ];
    assert_eq!(s.kms().display().take_calls(), on);
    for handle in [a.handle, luma, chroma] {
        assert_eq!(usage_of(&s, handle), "u=1 v=1");
    }
    let off = Request::planes([PlaneUpdate::off(PRIMARY), PlaneUpdate::off(OVERLAY)]);
    s.kms().atomic(&s.file, &off.active(false))?;
    let off = [
        "prepare 0",
        "prepare 1",
        "begin 0",
        "begin 1",
        "crtc off",
        "disable 0",
        "disable 1",
        "flush",
        "end 0",
        "end 1",
        "flip done",
        "cleanup 0",
        "cleanup 1",
    ];
    assert_eq!(s.kms().display().take_calls(), off);
    for handle in [a.handle, luma, chroma] {
        assert_eq!(usage_of(&s, handle), "u=0 v=0");
    }
    Ok(())
}

#[test]
fn a_plane_that_cannot_be_mapped_ends_the_access_to_those_before_it() -> Result {
    let s = scene();
    let (a, fb_a) = s.picture(Format::XRGB8888)?;
    let (fb_v, [luma, chroma]) = video(&s)?;
    // The primary's object, luma, chroma: the last of three.
    s.machine().failpoints().fail_nth(Fail::Vmap, 3);
    let commit = s.kms().atomic(&s.file, &both(fb_a, fb_v).active(true));
    s.machine().failpoints().disarm();
    assert_eq!(commit, Err(Errno::ENOMEM));
    let calls = [
        "prepare 0",
        "prepare 1",
        "begin 0",
        "end 0",
        "cleanup 0",
        "cleanup 1",
    ];
    assert_eq!(s.kms().display().take_calls(), calls);
    for handle in [a.handle, luma, chroma] {
        assert_eq!(usage_of(&s, handle), "u=0 v=0");
    }
    assert!(!s.kms().crtc().active);
    Ok(())
}

#[test]
fn a_plane_that_cannot_be_prepared_cleans_up_those_before_it() -> Result {
    let s = scene();
    let (_, fb_a) = s.picture(Format::XRGB8888)?;
    let (fb_v, _) = video(&s)?;
    s.kms().display().refuse(Some(OVERLAY));
    let commit = s.kms().atomic(&s.file, &both(fb_a, fb_v).active(true));
    assert_eq!(commit, Err(Errno::ENOMEM));
    assert_eq!(s.kms().display().take_calls(), ["prepare 0", "cleanup 0"]);
    Ok(())
}

#[test]
fn a_format_of_another_plane_is_refused() -> Result {
    let s = scene();
    let (_, fb_a) = s.picture(Format::XRGB8888)?;
    let update = PlaneUpdate::show(OVERLAY, fb_a, WIDTH, HEIGHT);
    let request = Request::planes([update]).active(true);
    assert_eq!(s.kms().atomic(&s.file, &request), Err(Errno::EINVAL));
    Ok(())
}

#[test]
fn the_chroma_of_a_framebuffer_must_fit_its_object() -> Result {
    let s = scene();
    let luma = s.dumb(WIDTH, HEIGHT, 8)?;
    let mut cmd = FbCmd::packed(WIDTH, HEIGHT, Format::NV12, luma.handle, luma.pitch);
    let add = |cmd: &FbCmd| s.kms().add_fb(&s.file, cmd);
    assert_eq!(add(&cmd), Err(Errno::EINVAL), "no handle");
    (cmd.handles[1], cmd.pitches[1]) = (luma.handle, WIDTH);
    // Half as many lines as luma, from the last that fit on.
    cmd.offsets[1] = 4096 - WIDTH * HEIGHT / 2;
    assert!(add(&cmd).is_ok());
    cmd.offsets[1] += 1;
    assert_eq!(add(&cmd), Err(Errno::EINVAL), "one byte too far");
    cmd.handles[1] = 77;
    assert_eq!(add(&cmd), Err(Errno::ENOENT));
    Ok(())
}

/// A worker that wants the mode-setting lock while a commit waits for a fence goes on when the commit is done.
#[test]
fn the_console_is_drawn_after_the_commit_that_was_waiting() -> Result {
    let s = scene();
    let console = Fbdev::<TwoPlanesDriver>::setup(&s.dev, Format::XRGB8888)?;
    let (fb_v, [luma, _]) = video(&s)?;
    let fence = FenceContext::new().fence();
    {
        let object = s.object(luma).expect("an object");
        let mut guard = object.gem().resv().lock();
        guard.reserve_fences(1)?;
        guard.add_fence(&fence, Usage::Write);
    }
    console.mmap().write(0, &[1])?;
    let later = s.machine().clock().now() + 200_000_000;
    s.machine().at(later, move || fence.signal());
    let _ = s.kms().display().take_calls();
    let show = PlaneUpdate::show(OVERLAY, fb_v, WIDTH, HEIGHT);
    s.kms().atomic(&s.file, &Request::planes([show]))?;
    let calls = s.kms().display().take_calls();
    let updates: Vec<&String> = calls.iter().filter(|c| c.starts_with("update")).collect();
    assert_eq!(updates, ["update 1", "update 0"]);
    Ok(())
}

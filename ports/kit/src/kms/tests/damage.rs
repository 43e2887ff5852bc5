//! The damage iterator (`drm_damage_helper_test.c` has most of these cases).

use super::two_planes::{HEIGHT, WIDTH, scene};
use crate::kms::{FbCmd, Format, PlaneState, Rect, damage_of};

/// A plane that shows a framebuffer from `src` on, 16.16.
fn state(src: Rect) -> PlaneState<()> {
    let s = scene();
    let buffer = s.dumb(WIDTH, HEIGHT, 32).expect("a buffer");
    let cmd = FbCmd::packed(WIDTH, HEIGHT, Format::XRGB8888, buffer.handle, buffer.pitch);
    let fb = s.kms().add_fb(&s.file, &cmd).expect("a framebuffer");
    PlaneState {
        fb: s.kms().fb(fb),
        crtc: true,
        visible: true,
        uapi_src: src,
        src,
        ..PlaneState::default()
    }
}

fn with_clips(src: Rect, clips: &[Rect]) -> PlaneState<()> {
    let mut state = state(src);
    state.damage = Some(clips.to_vec());
    state
}

const SRC: Rect = Rect::new(4 << 16, 4 << 16, 20 << 16, 12 << 16);
/// Begins and ends between pixels.
const BETWEEN: Rect = Rect::new((4 << 16) + 1, (4 << 16) - 1, (20 << 16) + 1, (12 << 16) - 1);

#[test]
fn without_clips_the_whole_source_is_damaged() {
    let old = state(SRC);
    assert_eq!(damage_of(&old, &state(SRC)), [Rect::new(4, 4, 20, 12)]);
    let old = state(BETWEEN);
    assert_eq!(
        damage_of(&old, &state(BETWEEN)),
        [Rect::new(4, 3, 21, 12)],
        "rounded outward"
    );
}

#[test]
fn clips_are_cut_to_the_source_and_those_outside_are_left_out() {
    let clips = [
        Rect::new(0, 0, 4, 4),
        Rect::new(2, 2, 6, 6),
        Rect::new(18, 11, 30, 16),
        Rect::new(8, 8, 9, 9),
    ];
    let expect = [
        Rect::new(4, 4, 6, 6),
        Rect::new(18, 11, 20, 12),
        Rect::new(8, 8, 9, 9),
    ];
    assert_eq!(damage_of(&state(SRC), &with_clips(SRC, &clips)), expect);
    let outside = [Rect::new(0, 0, 4, 4)];
    assert!(damage_of(&state(SRC), &with_clips(SRC, &outside)).is_empty());
}

#[test]
fn clips_count_for_nothing_when_the_source_moved() {
    let clips = [Rect::new(8, 8, 9, 9)];
    let whole = [Rect::new(4, 4, 20, 12)];
    let moved = Rect::new(5 << 16, 4 << 16, 21 << 16, 12 << 16);
    assert_eq!(damage_of(&state(moved), &with_clips(SRC, &clips)), whole);
    let mut ignoring = with_clips(SRC, &clips);
    ignoring.ignore_damage_clips = true;
    assert_eq!(damage_of(&state(SRC), &ignoring), whole);
}

#[test]
fn a_plane_that_shows_nothing_has_no_damage() {
    let old = state(SRC);
    let change: [fn(&mut PlaneState<()>); 3] = [
        |state| state.fb = None,
        |state| state.crtc = false,
        |state| state.visible = false,
    ];
    for change in change {
        let mut new = with_clips(SRC, &[Rect::new(8, 8, 9, 9)]);
        change(&mut new);
        assert!(damage_of(&old, &new).is_empty());
    }
}

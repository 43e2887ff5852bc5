//! Checks of a request: the core's, and the helper's for planes (`drm_atomic.c`, `drm_atomic_helper.c`).

use drm_core::errno::{Errno, Result};

use super::display::PlaneDesc;
use super::rect::Rect;
use super::state::{Crtc, PlaneState};

/// `drm_atomic_plane_check`. `EINVAL` for a framebuffer without CRTC or the reverse, a format that this plane cannot show, an
/// empty damage clip; `ERANGE` for a place beyond 32 bits; `ENOSPC` for a source outside of the framebuffer.
pub(super) fn core<P>(desc: &PlaneDesc, state: &PlaneState<P>) -> Result {
    let Some(fb) = &state.fb else {
        return if state.crtc {
            Err(Errno::EINVAL)
        } else {
            Ok(())
        };
    };
    if !state.crtc || !desc.formats.contains(&fb.format) {
        return Err(Errno::EINVAL);
    }
    let dst = &state.uapi_dst;
    if dst.x2 < dst.x1 || dst.y2 < dst.y1 {
        return Err(Errno::ERANGE);
    }
    let (width, height) = (i64::from(fb.width) << 16, i64::from(fb.height) << 16);
    let src = &state.uapi_src;
    let inside = |from: i32, to: i32, size: i64| from >= 0 && to >= from && i64::from(to) <= size;
    if !inside(src.x1, src.x2, width) || !inside(src.y1, src.y2, height) {
        return Err(Errno::ENOSPC);
    }
    // The kernel compares clips, which are whole pixels, with the size in 16.16: far too much is let through, and cut later.
    let fits = |clip: &Rect| {
        clip.is_visible()
            && clip.x1 >= 0
            && clip.y1 >= 0
            && i64::from(clip.x2) <= width
            && i64::from(clip.y2) <= height
    };
    if state.damage.iter().flatten().all(fits) {
        Ok(())
    } else {
        Err(Errno::EINVAL)
    }
}

/// `drm_atomic_helper_check_plane_state` without scaling: computes what is visible.
///
/// `EINVAL` when the CRTC is off and the plane cannot be updated then, or when the plane must cover the screen and does not;
/// `ERANGE` when source and destination differ in size.
pub fn check_plane_state<P>(
    state: &mut PlaneState<P>,
    crtc: &Crtc,
    can_position: bool,
    can_update_disabled: bool,
) -> Result {
    (state.src, state.dst) = (state.uapi_src, state.uapi_dst);
    if state.fb.is_none() {
        state.visible = false;
        return Ok(());
    }
    if !crtc.active && !can_update_disabled {
        return Err(Errno::EINVAL);
    }
    let unscaled = |src: i32, dst: i32| dst == 0 || i64::from(src) == i64::from(dst) << 16;
    if !unscaled(state.src.width(), state.dst.width())
        || !unscaled(state.src.height(), state.dst.height())
    {
        return Err(Errno::ERANGE);
    }
    let area = crtc.area();
    state.visible = Rect::clip_unscaled(&mut state.src, &mut state.dst, &area);
    if state.visible && !can_position && state.dst != area {
        return Err(Errno::EINVAL);
    }
    Ok(())
}

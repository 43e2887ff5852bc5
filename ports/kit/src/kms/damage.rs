//! Which part of a plane must be drawn again (`drm_damage_helper.c`).

use super::rect::Rect;
use super::state::PlaneState;

/// The rectangles of the framebuffer to be drawn (`drm_atomic_for_each_plane_damage`).
///
/// None for a plane that is off, or not visible. The whole source when nobody said what changed, when the driver ignores it, or
/// when the source moved; not when only the framebuffer is another. Else each clip, cut to the source; those outside are left
/// out.
#[must_use]
pub fn damage_of<P>(old: &PlaneState<P>, new: &PlaneState<P>) -> Vec<Rect> {
    if !new.crtc || new.fb.is_none() || !new.visible {
        return Vec::new();
    }
    let source = new.uapi_src.outward_from_fixed();
    match &new.damage {
        Some(clips) if !new.ignore_damage_clips && new.src == old.src => clips
            .iter()
            .filter_map(|clip| clip.intersect(&source))
            .collect(),
        _ => vec![source],
    }
}

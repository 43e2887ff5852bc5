//! State of planes and of the CRTC (`struct drm_plane_state`, `struct drm_crtc_state`).

use drm_core::resv::Fence;
use drm_core::sync::Arc;

use super::framebuffer::Framebuffer;
use super::rect::Rect;

/// What a plane is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaneKind {
    /// The picture itself.
    Primary,
    /// Something on top of it.
    Overlay,
    /// The cursor.
    Cursor,
}

/// What a plane shows, and how. `private` is the driver's part; a fresh state gets a fresh one.
#[derive(Debug)]
pub struct PlaneState<P> {
    /// What is shown.
    pub fb: Option<Arc<Framebuffer>>,
    /// Whether the plane is on the CRTC.
    pub crtc: bool,
    /// The part of the framebuffer that user space asked for, 16.16.
    pub uapi_src: Rect,
    /// Where user space asked for it on the screen.
    pub uapi_dst: Rect,
    /// The part of the framebuffer, cut to the screen, 16.16.
    pub src: Rect,
    /// Where it is on the screen, cut to it.
    pub dst: Rect,
    /// Whether anything of it is on the screen.
    pub visible: bool,
    /// What changed in the framebuffer; `None` for everything.
    pub damage: Option<Vec<Rect>>,
    /// The driver draws everything, whatever changed.
    pub ignore_damage_clips: bool,
    /// What user space wants to be waited for.
    pub in_fence: Option<Fence>,
    /// What the commit waits for.
    pub fences: Vec<Fence>,
    /// The driver's part.
    pub private: P,
}

impl<P: Default> Default for PlaneState<P> {
    fn default() -> Self {
        Self {
            fb: None,
            crtc: false,
            uapi_src: Rect::default(),
            uapi_dst: Rect::default(),
            src: Rect::default(),
            dst: Rect::default(),
            visible: false,
            damage: None,
            ignore_damage_clips: false,
            in_fence: None,
            fences: Vec::new(),
            private: P::default(),
        }
    }
}

impl<P: Default> PlaneState<P> {
    /// The state that a request starts from: what is shown and where, but no damage, no fences, no mappings
    /// (`__drm_atomic_helper_plane_duplicate_state`).
    #[must_use]
    pub(super) fn duplicate(&self) -> Self {
        Self {
            fb: self.fb.clone(),
            crtc: self.crtc,
            uapi_src: self.uapi_src,
            uapi_dst: self.uapi_dst,
            src: self.src,
            dst: self.dst,
            visible: self.visible,
            ..Self::default()
        }
    }

    /// Whether it shows `fb`.
    #[must_use]
    pub fn shows(&self, fb: &Arc<Framebuffer>) -> bool {
        self.fb.as_ref().is_some_and(|shown| Arc::ptr_eq(shown, fb))
    }
}

/// The CRTC: on with the device's one mode, or off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Crtc {
    /// Whether it is on.
    pub active: bool,
    /// Pixels and lines of its mode; 0 by 0 when it is off.
    pub mode: (u32, u32),
}

impl Crtc {
    /// The screen.
    #[must_use]
    pub fn area(&self) -> Rect {
        Rect::new(0, 0, self.mode.0 as i32, self.mode.1 as i32)
    }
}

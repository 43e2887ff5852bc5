//! The one plane: a shadow plane that is copied to the screen.

use drm_core::device::Device;
use drm_core::errno::{Errno, Result};
use drm_core::machine::{Fail, Machine};
use drm_core::prime::Direction;
use port_kit::kms::{
    self, Config, Crtc, Format, NoWriteback, PlaneDesc, PlaneKind, PlaneState, Screen, ShadowState,
    blit, check_plane_state, damage_of,
};

use super::Firmware;

/// Largest framebuffer of a shadow plane (`DRM_SHADOW_PLANE_MAX_WIDTH`, `_HEIGHT`).
const SHADOW_MAX: u32 = 4096;

/// The screen and its plane.
pub struct Display {
    machine: Machine,
    screen: Screen,
    config: Config,
}

/// What the plane offers for a screen of this format: that, without alpha, and XRGB8888, which is converted
/// (`drm_fb_build_fourcc_list`).
fn formats(native: Format) -> Vec<Format> {
    let opaque = match native {
        Format::ARGB1555 => Format::XRGB1555,
        Format::RGBA5551 => Format::RGBX5551,
        Format::ARGB8888 => Format::XRGB8888,
        Format::ABGR8888 => Format::XBGR8888,
        Format::ARGB2101010 => Format::XRGB2101010,
        other => other,
    };
    let mut formats = vec![opaque];
    if opaque != Format::XRGB8888 {
        formats.push(Format::XRGB8888);
    }
    formats
}

impl Display {
    pub(super) fn new(machine: &Machine, firmware: Firmware) -> Self {
        let mode = (firmware.width, firmware.height);
        Self {
            machine: machine.clone(),
            screen: Screen::new(firmware.format, firmware.pitch, firmware.height),
            config: Config {
                mode,
                min: mode,
                max: (mode.0.max(SHADOW_MAX), mode.1.max(SHADOW_MAX)),
                planes: vec![PlaneDesc {
                    kind: PlaneKind::Primary,
                    formats: formats(firmware.format),
                }],
                has_dirty: true,
                needs_primary: true,
                commits_all_planes: false,
            },
        }
    }

    pub(super) fn screen(&self) -> &Screen {
        &self.screen
    }
}

impl kms::Display for Display {
    type Plane = ShadowState;
    type Job = NoWriteback;

    fn config(&self) -> &Config {
        &self.config
    }

    /// `ENOMEM` when there is no room for a converted line.
    fn check_plane(
        &self,
        _plane: usize,
        state: &mut PlaneState<ShadowState>,
        crtc: &Crtc,
    ) -> Result {
        check_plane_state(state, crtc, false, false)?;
        let format = state.fb.as_ref().map(|fb| fb.format);
        if state.visible && format != Some(self.screen.format) {
            self.machine.failpoints().check(Fail::Alloc)?;
        }
        Ok(())
    }

    fn begin_fb_access(&self, _plane: usize, state: &mut PlaneState<ShadowState>) -> Result {
        ShadowState::begin(state)
    }

    fn end_fb_access(&self, _plane: usize, state: &mut PlaneState<ShadowState>) {
        ShadowState::end(state);
    }

    fn update_plane(
        &self,
        dev: &Device,
        _plane: usize,
        old: &PlaneState<ShadowState>,
        new: &mut PlaneState<ShadowState>,
    ) {
        let (Some(fb), Some(maps)) = (&new.fb, new.private.maps()) else {
            return;
        };
        let Ok(access) = maps.cpu_access(Direction::FromDevice) else {
            return;
        };
        if dev.is_unplugged() {
            return;
        }
        for damage in damage_of(old, new) {
            let Some(clip) = new.dst.intersect(&damage) else {
                continue;
            };
            let at = (clip.x1, clip.y1);
            // The part of the framebuffer is not cut to what is left of the screen at its place.
            match blit(&self.screen, at, access.maps(), fb, &damage) {
                Ok(()) => {}
                Err(Errno::EFAULT) => self.machine.oops("simpledrm: draws beyond the screen"),
                Err(_) => self.machine.warn_once("drm_fb_blit: no conversion helper"),
            }
        }
    }

    /// Black.
    fn disable_plane(
        &self,
        dev: &Device,
        _plane: usize,
        _old: &PlaneState<ShadowState>,
        _new: &mut PlaneState<ShadowState>,
    ) {
        if !dev.is_unplugged() {
            self.screen.fill(0);
        }
    }
}

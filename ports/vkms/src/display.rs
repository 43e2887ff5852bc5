//! Planes that are mapped from `prepare_fb` to `cleanup_fb` (`vkms_plane.c`), and the tail of a commit (`vkms_drv.c`).

use drm_core::device::Device;
use drm_core::errno::{Errno, Result};
use drm_core::machine::Machine;
use drm_core::sync::{Arc, Mutex};
use port_kit::kms::{
    self, Config, Crtc, Framebuffer, PlaneDesc, PlaneKind, PlaneState, check_plane_state,
    collect_fences, fb_vmap,
};

use super::Options;
use super::compose::{FrameInfo, Maps};
use super::output::{Composition, Output};
use super::pixel::FORMATS;
use super::writeback::Job;

const OVERLAYS: usize = 8;

/// The driver's part of a plane's state (`struct vkms_plane_state`).
#[derive(Default)]
pub struct VkmsPlane {
    maps: Maps,
    frame: Option<FrameInfo>,
}

/// The planes and the scanout.
pub struct Display {
    config: Config,
    writeback: bool,
    output: Output,
    /// What was shown before the commit that is under way.
    old: Mutex<Option<Arc<Composition>>>,
}

impl Display {
    pub(super) fn new(machine: &Machine, options: Options) -> Self {
        let plane = |kind| PlaneDesc {
            kind,
            formats: FORMATS.to_vec(),
        };
        let mut planes = vec![plane(PlaneKind::Primary)];
        if options.enable_overlay {
            planes.extend((0..OVERLAYS).map(|_| plane(PlaneKind::Overlay)));
        }
        if options.enable_cursor {
            planes.push(plane(PlaneKind::Cursor));
        }
        Self {
            config: Config {
                mode: options.mode,
                min: (10, 10),
                max: (8192, 8192),
                planes,
                has_dirty: false,
                needs_primary: false,
                commits_all_planes: true,
            },
            writeback: options.enable_writeback,
            output: Output::new(machine),
            old: Mutex::default(),
        }
    }

    pub(super) fn output(&self) -> &Output {
        &self.output
    }
}

impl kms::Display for Display {
    type Plane = VkmsPlane;
    type Job = Job;

    fn config(&self) -> &Config {
        &self.config
    }

    fn check_plane(&self, _plane: usize, state: &mut PlaneState<VkmsPlane>, crtc: &Crtc) -> Result {
        if state.fb.is_none() {
            state.visible = false;
            return Ok(());
        }
        check_plane_state(state, crtc, true, true)
    }

    /// `EINVAL` for a framebuffer that is not as large as the screen, or of another format.
    fn check_job(&self, fb: &Framebuffer, crtc: &Crtc) -> Result {
        let fits = (fb.width, fb.height) == crtc.mode && FORMATS.contains(&fb.format);
        if self.writeback && fits {
            Ok(())
        } else {
            Err(Errno::EINVAL)
        }
    }

    fn prepare_job(&self, fb: &Arc<Framebuffer>, _crtc: &Crtc) -> Result<Job> {
        Job::prepare(fb, &self.output)
    }

    fn prepare_fb(&self, _plane: usize, state: &mut PlaneState<VkmsPlane>) -> Result {
        collect_fences(state);
        let maps = state.fb.as_deref().map(fb_vmap).transpose()?;
        *state.private.maps.lock() = maps;
        Ok(())
    }

    fn cleanup_fb(&self, _plane: usize, state: &mut PlaneState<VkmsPlane>) {
        let maps = state.private.maps.lock().take();
        drop(maps);
    }

    fn disable_crtc(&self, _dev: &Device) {
        self.output.set_on(false);
    }

    fn update_plane(
        &self,
        _dev: &Device,
        _plane: usize,
        _old: &PlaneState<VkmsPlane>,
        new: &mut PlaneState<VkmsPlane>,
    ) {
        new.private.frame = new.fb.as_ref().map(|fb| FrameInfo {
            fb: Arc::clone(fb),
            maps: Arc::clone(&new.private.maps),
            src: new.src,
            dst: new.dst,
        });
    }

    fn flush(&self, _dev: &Device, crtc: &Crtc, planes: &[PlaneState<VkmsPlane>]) {
        let active = planes.iter().filter(|plane| plane.crtc && plane.visible);
        let frames = active.filter_map(|plane| plane.private.frame.clone());
        *self.old.lock() = self.output.show(crtc.mode, frames.collect());
    }

    fn enable_crtc(&self, _dev: &Device, _crtc: &Crtc) {
        self.output.set_on(true);
    }

    fn commit_job(&self, _dev: &Device, job: Job, _crtc: &Crtc) {
        self.output.queue_job(job);
    }

    /// The flip is done at the next vblank; then the composer's work on the old state is flushed.
    fn wait_for_flip(&self, _dev: &Device) {
        if self.output.is_on() {
            self.output.vblank();
        }
        let old = self.old.lock().take();
        if let Some(old) = old {
            self.output.flush(&old);
        }
    }
}

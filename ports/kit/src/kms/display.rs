//! What a driver implements (`drm_plane_helper_funcs`, `drm_crtc_helper_funcs`, `drm_mode_config_funcs`).

use drm_core::device::{Device, Driver, File};
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::sync::Arc;

use super::atomic::Kms;
use super::format::Format;
use super::framebuffer::{self, FbCmd, Framebuffer};
use super::shadow::collect_fences;
use super::state::{Crtc, PlaneKind, PlaneState};

/// A plane of the device.
#[derive(Clone, Debug)]
pub struct PlaneDesc {
    /// What it is for.
    pub kind: PlaneKind,
    /// What it can show.
    pub formats: Vec<Format>,
}

/// A driver with a display.
pub trait Modeset: Driver {
    /// Its callbacks.
    type Display: Display;

    /// Its mode-setting state.
    fn kms(&self) -> &Kms<Self::Display>;
}

/// What a device can.
#[derive(Clone, Debug)]
pub struct Config {
    /// Pixels and lines of its one mode.
    pub mode: (u32, u32),
    /// Smallest framebuffer.
    pub min: (u32, u32),
    /// Largest framebuffer.
    pub max: (u32, u32),
    /// Its planes, lowest first.
    pub planes: Vec<PlaneDesc>,
    /// Whether framebuffers can be told that they changed (`drm_gem_fb_create_with_dirty`).
    pub has_dirty: bool,
    /// Whether the CRTC cannot be on without its primary plane (`drm_crtc_helper_atomic_check`).
    pub needs_primary: bool,
    /// Whether every commit takes all planes of the CRTC with it (`drm_atomic_add_affected_planes` in the CRTC's check).
    pub commits_all_planes: bool,
}

/// The job type of a device that cannot write its picture back.
#[derive(Debug)]
pub enum NoWriteback {}

/// The callbacks of a driver, in the order in which a commit calls them. They are called under the mode-setting lock.
#[expect(unused_variables, reason = "the defaults need none of their arguments")]
pub trait Display: Send + Sync + 'static {
    /// The driver's part of a plane's state.
    type Plane: Default + Send;
    /// A writeback job that is prepared; dropping it is `cleanup_writeback_job`.
    type Job: Send;

    /// What the device can. Does not change.
    fn config(&self) -> &Config;

    /// The objects of a framebuffer that the core has checked, one for each memory plane (`fb_create`); the default is what most
    /// drivers use.
    ///
    /// `EINVAL` when no plane of the device shows the format, or an object is smaller than its plane; `ENOENT` for an unknown
    /// handle.
    fn fb_objects(&self, file: &File, cmd: &FbCmd) -> Result<Vec<Gem>> {
        framebuffer::gem_objects(file, self.config(), cmd)
    }

    /// Whether a plane's new state can be shown (`atomic_check`).
    fn check_plane(&self, plane: usize, state: &mut PlaneState<Self::Plane>, crtc: &Crtc)
    -> Result;

    /// Whether the picture can be written to `fb` (`atomic_check` of the writeback connector). `EINVAL` for a device that cannot.
    fn check_job(&self, fb: &Framebuffer, crtc: &Crtc) -> Result {
        Err(Errno::EINVAL)
    }

    /// Makes a writeback job of `fb`, before the planes are prepared (`prepare_writeback_job`). `EINVAL` for a device that
    /// cannot.
    fn prepare_job(&self, fb: &Arc<Framebuffer>, crtc: &Crtc) -> Result<Self::Job> {
        Err(Errno::EINVAL)
    }

    /// Makes ready what the plane will show (`prepare_fb`); the default collects the fences to be waited for.
    fn prepare_fb(&self, plane: usize, state: &mut PlaneState<Self::Plane>) -> Result {
        collect_fences(state);
        Ok(())
    }

    /// Undoes [`Display::prepare_fb`]: for the old state at the end of a commit, for the new one when it fails
    /// (`cleanup_fb`).
    fn cleanup_fb(&self, plane: usize, state: &mut PlaneState<Self::Plane>) {}

    /// Begins the access to what the plane will show (`begin_fb_access`).
    fn begin_fb_access(&self, plane: usize, state: &mut PlaneState<Self::Plane>) -> Result {
        Ok(())
    }

    /// Ends the access: for the old state when all planes are updated, for the new one when the commit fails
    /// (`end_fb_access`).
    fn end_fb_access(&self, plane: usize, state: &mut PlaneState<Self::Plane>) {}

    /// The CRTC goes off (`atomic_disable` of the CRTC).
    fn disable_crtc(&self, dev: &Device) {}

    /// The CRTC gets its mode, before any plane is drawn (`mode_set_nofb`).
    fn set_mode(&self, dev: &Device, crtc: &Crtc) {}

    /// Draws the new state (`atomic_update`).
    fn update_plane(
        &self,
        dev: &Device,
        plane: usize,
        old: &PlaneState<Self::Plane>,
        new: &mut PlaneState<Self::Plane>,
    );

    /// The plane goes off (`atomic_disable`); a driver without it is asked to update.
    fn disable_plane(
        &self,
        dev: &Device,
        plane: usize,
        old: &PlaneState<Self::Plane>,
        new: &mut PlaneState<Self::Plane>,
    ) {
        self.update_plane(dev, plane, old, new);
    }

    /// All planes are updated (`atomic_flush`).
    fn flush(&self, dev: &Device, crtc: &Crtc, planes: &[PlaneState<Self::Plane>]) {}

    /// The CRTC goes on (`atomic_enable` of the CRTC).
    fn enable_crtc(&self, dev: &Device, crtc: &Crtc) {}

    /// A prepared writeback job is started (`atomic_commit` of the writeback connector).
    fn commit_job(&self, dev: &Device, job: Self::Job, crtc: &Crtc) {}

    /// The new state is shown; waits until the old one is not needed any more.
    fn wait_for_flip(&self, dev: &Device) {}
}

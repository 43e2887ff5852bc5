//! A request: what it asks for, how it is checked (`drm_atomic_uapi.c`, `drm_atomic_helper_check`).

use std::collections::BTreeMap;

use drm_core::device::{Device, File};
use drm_core::errno::{Errno, Result};
use drm_core::resv::Fence;
use drm_core::sync::Arc;

use super::check;
use super::display::Display;
use super::framebuffer::Framebuffer;
use super::lock::ModesetLock;
use super::rect::Rect;
use super::state::{Crtc, PlaneKind, PlaneState};

/// What one plane is to show.
#[derive(Clone, Debug)]
pub struct PlaneUpdate {
    /// Which plane.
    pub plane: usize,
    /// The framebuffer, by number; `None` takes the plane off the CRTC.
    pub fb: Option<u32>,
    /// Part of the framebuffer: x, y, width, height in 16.16.
    pub src: [u32; 4],
    /// First pixel on the screen.
    pub at: (i32, i32),
    /// Pixels and lines on the screen.
    pub size: (u32, u32),
    /// What changed; `None` or nothing for everything.
    pub damage: Option<Vec<Rect>>,
    /// What is to be waited for, instead of the writers of the buffer.
    pub in_fence: Option<Fence>,
}

impl PlaneUpdate {
    /// Shows the first `width` by `height` pixels of `fb` in the corner of the screen.
    #[must_use]
    pub fn show(plane: usize, fb: u32, width: u32, height: u32) -> Self {
        Self {
            plane,
            fb: Some(fb),
            src: [0, 0, width << 16, height << 16],
            at: (0, 0),
            size: (width, height),
            damage: None,
            in_fence: None,
        }
    }

    /// Takes the plane off.
    #[must_use]
    pub fn off(plane: usize) -> Self {
        Self {
            fb: None,
            ..Self::show(plane, 0, 0, 0)
        }
    }

    /// The same, of which only `clips` changed.
    #[must_use]
    pub fn damaged(mut self, clips: &[Rect]) -> Self {
        self.damage = Some(clips.to_vec());
        self
    }

    /// The same, from another pixel of the framebuffer.
    #[must_use]
    pub fn from(mut self, x: u32, y: u32) -> Self {
        (self.src[0], self.src[1]) = (x << 16, y << 16);
        self
    }

    /// The same, at another pixel of the screen.
    #[must_use]
    pub fn at(mut self, x: i32, y: i32) -> Self {
        self.at = (x, y);
        self
    }

    fn apply<P>(&self, state: &mut PlaneState<P>, fb: Option<Arc<Framebuffer>>) {
        let [x, y, width, height] = self.src.map(u32::cast_signed);
        state.crtc = fb.is_some();
        state.fb = fb;
        // A sum that does not fit wraps, and is found by the core's check.
        state.uapi_src = Rect::new(x, y, x.wrapping_add(width), y.wrapping_add(height));
        state.uapi_dst = Rect::new(
            self.at.0,
            self.at.1,
            self.at.0.wrapping_add_unsigned(self.size.0),
            self.at.1.wrapping_add_unsigned(self.size.1),
        );
        state.damage = self.damage.clone().filter(|clips| !clips.is_empty());
        state.in_fence = self.in_fence.clone();
    }
}

/// An atomic request.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Planes, each at most once.
    pub planes: Vec<PlaneUpdate>,
    /// Turns the CRTC on or off; `None` leaves it.
    pub active: Option<bool>,
    /// The framebuffer that the picture is written to.
    pub writeback: Option<u32>,
    /// `DRM_MODE_ATOMIC_ALLOW_MODESET`.
    pub allow_modeset: bool,
    /// `DRM_MODE_ATOMIC_TEST_ONLY`.
    pub test_only: bool,
}

impl Request {
    /// Updates of planes alone.
    #[must_use]
    pub fn planes(planes: impl IntoIterator<Item = PlaneUpdate>) -> Self {
        Self {
            planes: planes.into_iter().collect(),
            ..Self::default()
        }
    }

    /// The same, and turns the CRTC on or off.
    #[must_use]
    pub fn active(mut self, active: bool) -> Self {
        (self.active, self.allow_modeset) = (Some(active), true);
        self
    }
}

pub(super) struct State<D: Display> {
    pub(super) planes: Vec<PlaneState<D::Plane>>,
    pub(super) crtc: Crtc,
    /// Framebuffers and the file that made each, by number.
    pub(super) fbs: BTreeMap<u32, (Arc<Framebuffer>, u64)>,
}

/// A request on its way: the new state of every plane in it, and of the CRTC.
pub(super) struct Transaction<D: Display> {
    pub(super) planes: BTreeMap<usize, PlaneState<D::Plane>>,
    pub(super) crtc: Crtc,
    pub(super) writeback: Option<Arc<Framebuffer>>,
    pub(super) allow_modeset: bool,
    pub(super) test_only: bool,
}

/// The mode-setting state of a device.
pub struct Kms<D: Display> {
    display: D,
    pub(super) state: ModesetLock<D>,
}

impl<D: Display> Kms<D> {
    /// Everything off.
    #[must_use]
    pub fn new(display: D) -> Self {
        let planes = display.config().planes.iter();
        let planes = planes.map(|_| PlaneState::default()).collect();
        Self {
            display,
            state: ModesetLock::new(State {
                planes,
                crtc: Crtc::default(),
                fbs: BTreeMap::new(),
            }),
        }
    }

    /// The driver's part.
    #[must_use]
    pub fn display(&self) -> &D {
        &self.display
    }

    /// The state of the CRTC.
    #[must_use]
    pub fn crtc(&self) -> Crtc {
        self.state.lock().crtc
    }

    /// The framebuffer that a plane shows.
    #[must_use]
    pub fn shown(&self, plane: usize) -> Option<Arc<Framebuffer>> {
        self.state.lock().planes.get(plane)?.fb.clone()
    }

    /// Checks a request and carries it out (`DRM_IOCTL_MODE_ATOMIC`). Waits for fences.
    ///
    /// `ENODEV` when the device is gone; `EINVAL` for an unknown plane or framebuffer, or a modeset that was not allowed;
    /// `EINVAL`, `ERANGE`, `ENOSPC` of the core's checks; the driver's answers to its check and its preparation. Nothing has
    /// changed then.
    pub fn atomic(&self, file: &File, request: &Request) -> Result {
        let machine = file.machine().clone();
        let _syscall = machine.syscall();
        if file.dev().is_unplugged() {
            return Err(Errno::ENODEV);
        }
        let mut state = self.state.lock();
        let transaction = self.transaction(&state, request)?;
        self.check_and_commit(file.dev(), &mut state, transaction)
    }

    fn transaction(&self, state: &State<D>, request: &Request) -> Result<Transaction<D>> {
        let find = |id: u32| match state.fbs.get(&id) {
            Some((fb, _)) => Ok(Arc::clone(fb)),
            None => Err(Errno::EINVAL),
        };
        let mut transaction = self.empty(state);
        (transaction.allow_modeset, transaction.test_only) =
            (request.allow_modeset, request.test_only);
        transaction.writeback = request.writeback.map(find).transpose()?;
        if let Some(active) = request.active {
            transaction.crtc = if active {
                Crtc {
                    active,
                    mode: self.display.config().mode,
                }
            } else {
                Crtc::default()
            };
        }
        for update in &request.planes {
            let old = state.planes.get(update.plane).ok_or(Errno::EINVAL)?;
            let fb = update.fb.map(find).transpose()?;
            let mut new = old.duplicate();
            update.apply(&mut new, fb);
            transaction.planes.insert(update.plane, new);
        }
        Ok(transaction)
    }

    pub(super) fn empty(&self, state: &State<D>) -> Transaction<D> {
        Transaction {
            planes: BTreeMap::new(),
            crtc: state.crtc,
            writeback: None,
            allow_modeset: false,
            test_only: false,
        }
    }

    pub(super) fn check_and_commit(
        &self,
        dev: &Device,
        state: &mut State<D>,
        mut transaction: Transaction<D>,
    ) -> Result {
        self.check(state, &mut transaction)?;
        if transaction.test_only {
            return Ok(());
        }
        self.commit(dev, state, transaction)
    }

    /// `drm_atomic_check_only`, with `drm_atomic_helper_check` in it.
    fn check(&self, state: &State<D>, new: &mut Transaction<D>) -> Result {
        let config = self.display.config();
        for (&plane, plane_state) in &new.planes {
            check::core(&config.planes[plane], plane_state)?;
        }
        let modeset = new.crtc != state.crtc;
        if modeset {
            add_planes(state, new, |plane| plane.crtc);
        }
        for (&plane, plane_state) in &mut new.planes {
            if modeset {
                plane_state.damage = None;
            }
            self.display.check_plane(plane, plane_state, &new.crtc)?;
        }
        let is_on = |plane: usize| match new.planes.get(&plane) {
            Some(new) => new.crtc,
            None => state.planes[plane].crtc,
        };
        let mut kinds = config.planes.iter().enumerate();
        let has_primary =
            kinds.any(|(plane, desc)| desc.kind == PlaneKind::Primary && is_on(plane));
        if config.needs_primary && new.crtc.active && !has_primary {
            return Err(Errno::EINVAL);
        }
        if config.commits_all_planes {
            add_planes(state, new, |plane| plane.crtc);
        }
        if let Some(fb) = &new.writeback {
            self.display.check_job(fb, &new.crtc)?;
        }
        if modeset && !new.allow_modeset {
            return Err(Errno::EINVAL);
        }
        Ok(())
    }
}

/// Takes every plane with `which` into the transaction, as it is (`drm_atomic_add_affected_planes`).
fn add_planes<D: Display>(
    state: &State<D>,
    new: &mut Transaction<D>,
    which: impl Fn(&PlaneState<D::Plane>) -> bool,
) {
    for (plane, old) in state.planes.iter().enumerate() {
        if which(old) {
            new.planes.entry(plane).or_insert_with(|| old.duplicate());
        }
    }
}

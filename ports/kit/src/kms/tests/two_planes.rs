//! The device: what its planes are told is written down.

use drm_core::device::{Device, Driver, DumbArgs, Features, File};
use drm_core::dma::{DmaConfig, DmaDevice};
use drm_core::errno::{Errno, Result};
use drm_core::machine::{Config as MachineConfig, Machine};
use drm_core::sync::{Arc, Mutex};
use gem_shmem::Object;

use crate::kms::{
    Config, Crtc, Display, Format, Kms, Modeset, NoWriteback, PlaneDesc, PlaneKind, PlaneState,
    Scene, ShadowState, check_plane_state, collect_fences,
};

pub(super) const WIDTH: u32 = 32;
pub(super) const HEIGHT: u32 = 16;
pub(super) const PRIMARY: usize = 0;
pub(super) const OVERLAY: usize = 1;

pub(super) struct TwoPlanes {
    config: Config,
    calls: Mutex<Vec<String>>,
    /// The plane whose `prepare_fb` fails.
    refuse: Mutex<Option<usize>>,
}

impl TwoPlanes {
    fn note(&self, call: &str, plane: usize) {
        self.calls.lock().push(format!("{call} {plane}"));
    }

    /// The calls since the last time.
    pub(super) fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.calls.lock())
    }

    pub(super) fn refuse(&self, plane: Option<usize>) {
        *self.refuse.lock() = plane;
    }
}

impl Display for TwoPlanes {
    type Plane = ShadowState;
    type Job = NoWriteback;

    fn config(&self) -> &Config {
        &self.config
    }

    fn check_plane(
        &self,
        _plane: usize,
        state: &mut PlaneState<ShadowState>,
        crtc: &Crtc,
    ) -> Result {
        check_plane_state(state, crtc, true, false)
    }

    fn prepare_fb(&self, plane: usize, state: &mut PlaneState<ShadowState>) -> Result {
        if *self.refuse.lock() == Some(plane) {
            return Err(Errno::ENOMEM);
        }
        self.note("prepare", plane);
        collect_fences(state);
        Ok(())
    }

    fn cleanup_fb(&self, plane: usize, _state: &mut PlaneState<ShadowState>) {
        self.note("cleanup", plane);
    }

    fn begin_fb_access(&self, plane: usize, state: &mut PlaneState<ShadowState>) -> Result {
        ShadowState::begin(state)?;
        self.note("begin", plane);
        Ok(())
    }

    fn end_fb_access(&self, plane: usize, state: &mut PlaneState<ShadowState>) {
        ShadowState::end(state);
        self.note("end", plane);
    }

    fn disable_crtc(&self, _dev: &Device) {
        self.calls.lock().push("crtc off".to_owned());
    }

    fn update_plane(
        &self,
        _dev: &Device,
        plane: usize,
        _old: &PlaneState<ShadowState>,
        new: &mut PlaneState<ShadowState>,
    ) {
        self.note("update", plane);
        let fb = new.fb.as_ref().expect("an update has a framebuffer");
        let maps = new.private.maps().expect("an update is mapped");
        for (plane, _) in fb.planes.iter().enumerate() {
            maps.read(plane, 0, &mut [0; 4])
                .expect("every memory plane is mapped");
        }
    }

    fn disable_plane(
        &self,
        _dev: &Device,
        plane: usize,
        _old: &PlaneState<ShadowState>,
        _new: &mut PlaneState<ShadowState>,
    ) {
        self.note("disable", plane);
    }

    fn flush(&self, _dev: &Device, _crtc: &Crtc, _planes: &[PlaneState<ShadowState>]) {
        self.calls.lock().push("flush".to_owned());
    }

    fn enable_crtc(&self, _dev: &Device, _crtc: &Crtc) {
        self.calls.lock().push("crtc on".to_owned());
    }

    fn wait_for_flip(&self, _dev: &Device) {
        self.calls.lock().push("flip done".to_owned());
    }
}

pub(super) struct TwoPlanesDriver(Kms<TwoPlanes>);

impl Modeset for TwoPlanesDriver {
    type Display = TwoPlanes;

    fn kms(&self) -> &Kms<TwoPlanes> {
        &self.0
    }
}

impl Driver for TwoPlanesDriver {
    fn name(&self) -> &'static str {
        "two-planes"
    }

    fn features(&self) -> Features {
        Features::GEM | Features::MODESET
    }

    fn fb_release(&self, file: &File) {
        self.0.fb_release(file);
    }

    fn dumb_create(&self, file: &File, args: &mut DumbArgs) -> Result {
        Object::dumb_create(file, args)
    }
}

pub(super) fn scene() -> Scene<TwoPlanesDriver> {
    let config = MachineConfig {
        ram: 1 << 20,
        swap: 0,
        ..MachineConfig::default()
    };
    let machine = Machine::new(config).expect("a machine");
    let plane = |kind, format| PlaneDesc {
        kind,
        formats: vec![format],
    };
    let display = TwoPlanes {
        config: Config {
            mode: (WIDTH, HEIGHT),
            min: (1, 1),
            max: (256, 256),
            planes: vec![
                plane(PlaneKind::Primary, Format::XRGB8888),
                plane(PlaneKind::Overlay, Format::NV12),
            ],
            has_dirty: true,
            needs_primary: true,
            commits_all_planes: false,
        },
        calls: Mutex::default(),
        refuse: Mutex::default(),
    };
    let dma = DmaDevice::new(&machine, "two-planes", DmaConfig::default());
    let driver = TwoPlanesDriver(Kms::new(display));
    Scene::of(Device::new(dma, Arc::new(driver)))
}

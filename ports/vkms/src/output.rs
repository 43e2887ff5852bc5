//! The scanout: vblanks, the composer's work queue, checksums (`vkms_crtc.c`, `vkms_composer.c`).

use std::collections::VecDeque;

use drm_core::machine::Machine;
use drm_core::sync::{Arc, Mutex};

use super::compose::{FrameInfo, compose};
use super::writeback::Job;

/// The checksum of one frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrcEntry {
    /// Number of the vblank.
    pub frame: u64,
    /// The checksum of the picture.
    pub crc: u32,
}

/// One CRTC state as the composer sees it (`struct vkms_crtc_state`): the planes, and what a vblank asked for.
#[derive(Debug)]
pub(crate) struct Composition {
    pub(crate) mode: (u32, u32),
    pub(crate) planes: Vec<FrameInfo>,
    pending: Mutex<Pending>,
}

#[derive(Debug, Default)]
struct Pending {
    /// First and last frame that the next run stands for.
    frames: Option<(u64, u64)>,
    job: Option<Job>,
}

#[derive(Default)]
struct State {
    vblanks: u64,
    on: bool,
    composer_enabled: bool,
    crc_open: bool,
    composition: Option<Arc<Composition>>,
    /// The ordered work queue.
    queue: VecDeque<Arc<Composition>>,
    crcs: Vec<CrcEntry>,
    writebacks: u64,
}

/// The scanout of the virtual display. A clone is the same.
#[derive(Clone)]
pub struct Output {
    machine: Machine,
    state: Arc<Mutex<State>>,
}

impl Output {
    pub(crate) fn new(machine: &Machine) -> Self {
        Self {
            machine: machine.clone(),
            state: Arc::default(),
        }
    }

    /// A vblank (`vkms_vblank_simulate`): asks the composer for a frame, if anyone wants one. Nothing happens while the CRTC
    /// is off.
    pub fn vblank(&self) {
        let mut state = self.state.lock();
        if !state.on {
            return;
        }
        state.vblanks += 1;
        let frame = state.vblanks;
        let Some(composition) = state.composition.clone() else {
            return;
        };
        if !state.composer_enabled {
            return;
        }
        {
            let mut pending = composition.pending.lock();
            let first = pending.frames.map_or(frame, |(first, _)| first);
            pending.frames = Some((first, frame));
        }
        let queued = state
            .queue
            .iter()
            .any(|work| Arc::ptr_eq(work, &composition));
        if !queued {
            state.queue.push_back(composition);
        }
    }

    /// Runs everything that is queued for the composer.
    pub fn run(&self) {
        while self.run_next().is_some() {}
    }

    fn run_next(&self) -> Option<Arc<Composition>> {
        let composition = self.state.lock().queue.pop_front()?;
        self.work(&composition);
        Some(composition)
    }

    /// Waits until `composition` is not queued any more (`flush_work`).
    pub(crate) fn flush(&self, composition: &Arc<Composition>) {
        let queued = |state: &State| {
            state
                .queue
                .iter()
                .any(|work| Arc::ptr_eq(work, composition))
        };
        while queued(&self.state.lock()) {
            self.run_next();
        }
    }

    /// `vkms_composer_worker`.
    fn work(&self, composition: &Composition) {
        let (frames, job) = {
            let mut pending = composition.pending.lock();
            (pending.frames.take(), pending.job.take())
        };
        let Some((first, last)) = frames else { return };
        match compose(composition.mode, &composition.planes, job.as_ref()) {
            Ok(crc) => {
                let mut state = self.state.lock();
                state.writebacks += u64::from(job.is_some());
                if state.crc_open {
                    let entries = (first..=last).map(|frame| CrcEntry { frame, crc });
                    state.crcs.extend(entries);
                }
            }
            Err(drm_core::Errno::EFAULT) => {
                self.machine
                    .oops("vkms: the composer reads beyond a buffer");
            }
            Err(_) => self.machine.warn("vkms: a plane that is not mapped"),
        }
        // The job is done, and cleaned up, with the output unlocked.
        drop(job);
    }

    pub(crate) fn set_on(&self, on: bool) {
        self.state.lock().on = on;
    }

    pub(crate) fn is_on(&self) -> bool {
        self.state.lock().on
    }

    /// `vkms_set_composer`.
    pub(crate) fn set_composer(&self, enabled: bool) {
        self.state.lock().composer_enabled = enabled;
    }

    /// Whether vblanks ask for frames.
    #[must_use]
    pub fn composes(&self) -> bool {
        self.state.lock().composer_enabled
    }

    pub(crate) fn open_crc(&self, open: bool) {
        self.state.lock().crc_open = open;
        self.set_composer(open);
    }

    /// The checksums since the last call.
    #[must_use]
    pub fn take_crcs(&self) -> Vec<CrcEntry> {
        std::mem::take(&mut self.state.lock().crcs)
    }

    /// Writeback jobs that were completed.
    #[must_use]
    pub fn writebacks(&self) -> u64 {
        self.state.lock().writebacks
    }

    /// Makes the next vblanks show `planes`; gives what they showed before.
    pub(crate) fn show(
        &self,
        mode: (u32, u32),
        planes: Vec<FrameInfo>,
    ) -> Option<Arc<Composition>> {
        let composition = Composition {
            mode,
            planes,
            pending: Mutex::default(),
        };
        let mut state = self.state.lock();
        state.composition.replace(Arc::new(composition))
    }

    /// Lets the next frame be written to `job`.
    pub(crate) fn queue_job(&self, job: Job) {
        self.set_composer(true);
        let composition = self.state.lock().composition.clone();
        if let Some(composition) = composition {
            composition.pending.lock().job = Some(job);
        }
    }
}

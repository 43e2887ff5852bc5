//! The mode-setting lock (`drm_modeset_lock_all`), and the workers that wait for it.
//!
//! A commit may wait for fences while it holds the lock, and timers run meanwhile. A worker that wants the lock then is parked,
//! and goes on when the lock is released.

use std::ops::{Deref, DerefMut};

use drm_core::sync::{Mutex, MutexGuard};

use super::atomic::State;
use super::display::Display;

type Worker = Box<dyn FnOnce() + Send>;

/// The state under its lock.
pub(super) struct ModesetLock<D: Display> {
    state: Mutex<State<D>>,
    parked: Mutex<Vec<Worker>>,
}

impl<D: Display> ModesetLock<D> {
    pub(super) fn new(state: State<D>) -> Self {
        Self {
            state: Mutex::new(state),
            parked: Mutex::default(),
        }
    }

    pub(super) fn lock(&self) -> ModesetGuard<'_, D> {
        ModesetGuard {
            lock: self,
            state: Some(self.state.lock()),
        }
    }

    /// Runs `worker` now, or as soon as the lock is free. It takes the lock itself.
    pub(super) fn when_free(&self, worker: impl FnOnce() + Send + 'static) {
        match self.state.try_lock() {
            Some(state) => {
                drop(state);
                worker();
            }
            None => self.parked.lock().push(Box::new(worker)),
        }
    }
}

pub(super) struct ModesetGuard<'a, D: Display> {
    lock: &'a ModesetLock<D>,
    /// `None` only while it is dropped.
    state: Option<MutexGuard<'a, State<D>>>,
}

impl<D: Display> Deref for ModesetGuard<'_, D> {
    type Target = State<D>;
    fn deref(&self) -> &State<D> {
        self.state
            .as_deref()
            .expect("held until the guard is dropped")
    }
}

impl<D: Display> DerefMut for ModesetGuard<'_, D> {
    fn deref_mut(&mut self) -> &mut State<D> {
        self.state
            .as_deref_mut()
            .expect("held until the guard is dropped")
    }
}

impl<D: Display> Drop for ModesetGuard<'_, D> {
    fn drop(&mut self) {
        self.state = None;
        let parked = std::mem::take(&mut *self.lock.parked.lock());
        for worker in parked {
            worker();
        }
    }
}

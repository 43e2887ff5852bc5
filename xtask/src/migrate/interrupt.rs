//! Ctrl-C leaves everything as it was: no file of a crate half written, none of ours left behind.
//!
//! While the tool only looks and builds, an interrupt ends it at once, and takes its scratch folders away. While it writes, the
//! interrupt waits: until then nothing is replaced, and all that is staged goes; afterwards everything is.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;

/// The exit code of a program that an interrupt ended, as shells show it.
const INTERRUPTED: i32 = 130;

struct State {
    writing: bool,
    asked: bool,
    scratch: Vec<PathBuf>,
}

static STATE: Mutex<State> = Mutex::new(State {
    writing: false,
    asked: false,
    scratch: Vec::new(),
});

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From here on interrupts are taken as said above.
pub fn listen() {
    // There is one handler for a process: a second call finds it in place.
    let _ = ctrlc::set_handler(|| {
        let mut state = state();
        state.asked = true;
        if !state.writing {
            for folder in std::mem::take(&mut state.scratch) {
                let _ = std::fs::remove_dir_all(folder);
            }
            std::process::exit(INTERRUPTED);
        }
    });
}

/// A folder for files of ours, which goes when this does, or when the tool is interrupted.
pub struct Scratch(TempDir);

impl Scratch {
    /// A new one.
    pub fn new() -> std::io::Result<Self> {
        let mut state = state();
        let folder = TempDir::new()?;
        state.scratch.push(folder.path().to_owned());
        Ok(Self(folder))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        state().scratch.retain(|folder| folder != self.0.path());
    }
}

/// Writes, and only then ends if an interrupt came. `write` may ask whether one did, and stop before it replaces anything.
pub fn while_writing<T, E>(write: impl FnOnce(&dyn Fn() -> bool) -> Result<T, E>) -> Result<T, E> {
    state().writing = true;
    let result = write(&|| state().asked);
    let mut state = state();
    state.writing = false;
    if state.asked && result.is_err() {
        std::process::exit(INTERRUPTED);
    }
    result
}

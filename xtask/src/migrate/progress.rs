//! What a long step does, on a terminal: only there, and only once it takes more than two seconds.

use std::io::IsTerminal;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// How long nobody wonders.
const PATIENCE: Duration = Duration::from_secs(2);
const TICK: Duration = Duration::from_millis(120);

/// A step that is shown while it lasts.
pub struct Step(Option<(Sender<()>, JoinHandle<()>)>);

impl Step {
    /// The step `what`, of `driver`. Without colours, so there is nothing that `NO_COLOR` could take away.
    pub fn new(driver: &str, what: &str) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let text = format!("{driver}: {what}");
        let (done, wait) = channel::<()>();
        let shown = std::thread::spawn(move || {
            if wait.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            let bar = ProgressBar::new_spinner().with_elapsed(PATIENCE);
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
                bar.set_style(style);
            }
            bar.set_message(text);
            bar.enable_steady_tick(TICK);
            let _ = wait.recv();
            bar.finish_and_clear();
        });
        Self(Some((done, shown)))
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if let Some((done, shown)) = self.0.take() {
            drop(done);
            let _ = shown.join();
        }
    }
}

//! Jobs that take too long: time-outs, and going on after a reset.

use drm_core::errno::Errno;
use drm_core::sync::Arc;
use drm_core::sync::atomic::Ordering;

use super::{Job, Scheduler};

/// Karma above which a job is not run again after a reset (`hang_limit`, 0 in every driver here).
const HANG_LIMIT: u32 = 0;

impl<T: Send + Sync + 'static> Scheduler<T> {
    /// The running job has failed: its time-out comes now (`drm_sched_fault`).
    pub fn fault(&self) {
        self.arm(0);
    }

    /// `drm_sched_job_timedout`; a job that is still there afterwards gets its time again.
    pub(super) fn timed_out(&self, timer: u64) {
        let job = {
            let state = self.state.lock();
            if state.timer != timer {
                return;
            }
            state
                .running
                .as_ref()
                .map(|running| Arc::clone(&running.job))
        };
        let (Some(job), Some(backend)) = (job, self.backend.upgrade()) else {
            return;
        };
        backend.timedout_job(&job);
        if self.state.lock().running.is_some() {
            self.start_timeout();
        }
    }

    /// Starts no job and hears of none until [`Scheduler::start`] (`drm_sched_stop`).
    pub fn stop(&self) {
        let mut state = self.state.lock();
        state.stopped = true;
        state.timer += 1;
        state.attempts += 1;
        let attempt = state.attempts;
        if let Some(running) = &mut state.running {
            running.attempt = attempt;
            running.parent = None;
        }
    }

    /// The job is to blame for a hang (`drm_sched_increase_karma`).
    pub fn increase_karma(&self, job: &Job<T>) {
        job.karma.fetch_add(1, Ordering::Relaxed);
    }

    /// Runs the stopped job again, or tells the driver that it is cancelled (`drm_sched_resubmit_jobs`).
    pub fn resubmit_jobs(&self) {
        let job = {
            let state = self.state.lock();
            state
                .running
                .as_ref()
                .map(|running| Arc::clone(&running.job))
        };
        let (Some(job), Some(backend)) = (job, self.backend.upgrade()) else {
            return;
        };
        if job.karma.load(Ordering::Relaxed) > HANG_LIMIT {
            job.finished.set_error(Errno::ECANCELED);
        }
        let parent = backend.run_job(&job);
        if let Some(running) = &mut self.state.lock().running {
            running.parent = parent;
        }
    }

    /// Goes on after [`Scheduler::stop`] (`drm_sched_start`). A job that was not started again is done.
    pub fn start(&self) {
        let again = {
            let mut state = self.state.lock();
            state.stopped = false;
            state
                .running
                .as_ref()
                .map(|running| (running.attempt, running.parent.clone()))
        };
        if let Some((attempt, parent)) = again {
            self.attach(attempt, parent, Some(Errno::ECANCELED));
        }
        self.wake();
    }
}

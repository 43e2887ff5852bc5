//! The job scheduler (`drm_gpu_scheduler`) of drivers that keep one job on the hardware at a time: order, dependencies,
//! time-outs, resubmission after a reset.
//!
//! Its work items are timers of the machine: they run while somebody sleeps or waits.

mod hang;
mod job;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, VecDeque};
use std::fmt;

use drm_core::errno::Errno;
use drm_core::machine::{Deadline, Machine};
use drm_core::resv::Fence;
use drm_core::sync::{Arc, Mutex, Weak};

pub use job::{Entity, Job};

/// What a driver does for its scheduler (`struct drm_sched_backend_ops`). Called without locks of the scheduler.
pub trait Backend<T>: Send + Sync {
    /// Starts the job. The fence signals when the hardware is done; `None` when there is nothing to wait for.
    fn run_job(&self, job: &Arc<Job<T>>) -> Option<Fence>;

    /// The job took too long.
    fn timedout_job(&self, job: &Arc<Job<T>>);

    /// The job is done: gives back what it holds.
    fn free_job(&self, job: Arc<Job<T>>);
}

struct Running<T> {
    job: Arc<Job<T>>,
    parent: Option<Fence>,
    attempt: u64,
}

struct State<T> {
    queued: VecDeque<Arc<Job<T>>>,
    running: Option<Running<T>>,
    stopped: bool,
    attempts: u64,
    timer: u64,
}

/// One queue (`struct drm_gpu_scheduler` with a credit limit of 1).
pub struct Scheduler<T> {
    machine: Machine,
    timeout: u64,
    backend: Weak<dyn Backend<T>>,
    this: Weak<Self>,
    state: Mutex<State<T>>,
}

impl<T> fmt::Debug for Scheduler<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.lock();
        f.debug_struct("Scheduler")
            .field("queued", &state.queued.len())
            .field("running", &state.running.is_some())
            .finish()
    }
}

impl<T: Send + Sync + 'static> Scheduler<T> {
    /// A queue whose jobs may take `timeout` nanoseconds (`drm_sched_init`).
    #[must_use]
    pub fn new(machine: &Machine, timeout: u64, backend: Weak<dyn Backend<T>>) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            machine: machine.clone(),
            timeout,
            backend,
            this: this.clone(),
            state: Mutex::new(State {
                queued: VecDeque::new(),
                running: None,
                stopped: false,
                attempts: 0,
                timer: 0,
            }),
        })
    }

    /// Queues a job (`drm_sched_entity_push_job`); it starts when the queue's work runs.
    pub fn push(&self, job: Arc<Job<T>>) {
        self.state.lock().queued.push_back(job);
        self.wake();
    }

    /// Jobs that wait, and whether one is on the hardware.
    #[must_use]
    pub fn load(&self) -> (usize, bool) {
        let state = self.state.lock();
        (state.queued.len(), state.running.is_some())
    }

    fn later(&self, after: u64, work: impl FnOnce(&Self) + Send + 'static) {
        let this = self.this.clone();
        let at = self.machine.clock().now() + after;
        self.machine.at(at, move || {
            if let Some(this) = this.upgrade() {
                work(&this);
            }
        });
    }

    fn wake(&self) {
        self.later(0, Self::run);
    }

    /// Starts the next job, if the hardware is free (`drm_sched_run_job_work`).
    fn run(&self) {
        let Some(backend) = self.backend.upgrade() else {
            return;
        };
        let Some((job, attempt)) = self.begin() else {
            return;
        };
        self.start_timeout();
        let parent = backend.run_job(&job);
        self.attach(attempt, parent, None);
    }

    /// Takes the oldest job that is the first of its entity and has nothing to wait for.
    fn begin(&self) -> Option<(Arc<Job<T>>, u64)> {
        let mut state = self.state.lock();
        if state.stopped || state.running.is_some() {
            return None;
        }
        let mut behind = BTreeSet::new();
        let ready = state.queued.iter().position(|job| {
            if !behind.insert(job.entity) {
                return false;
            }
            match job.unmet() {
                None => true,
                Some(fence) => {
                    let this = self.this.clone();
                    fence.on_signal(move || {
                        if let Some(this) = this.upgrade() {
                            this.wake();
                        }
                    });
                    false
                }
            }
        });
        let job = state.queued.remove(ready?)?;
        state.attempts += 1;
        let attempt = state.attempts;
        state.running = Some(Running {
            job: Arc::clone(&job),
            parent: None,
            attempt,
        });
        Some((job, attempt))
    }

    /// The job is done when `parent` signals; without one it is done now, with `error`.
    fn attach(&self, attempt: u64, parent: Option<Fence>, error: Option<Errno>) {
        let Some(parent) = parent else {
            self.done(attempt, error);
            return;
        };
        if let Some(running) = &mut self.state.lock().running
            && running.attempt == attempt
        {
            running.parent = Some(parent.clone());
        }
        let this = self.this.clone();
        parent.on_signal(move || {
            if let Some(this) = this.upgrade() {
                this.done(attempt, None);
            }
        });
    }

    /// `drm_sched_job_done`: the finished fence signals at once; the job is freed, and the next one started, by work.
    fn done(&self, attempt: u64, error: Option<Errno>) {
        let job = {
            let mut state = self.state.lock();
            if state
                .running
                .as_ref()
                .is_none_or(|running| running.attempt != attempt)
            {
                return;
            }
            state.timer += 1;
            state.running.take()
        };
        if let Some(Running { job, .. }) = job {
            self.finish(job, error);
        }
    }

    fn finish(&self, job: Arc<Job<T>>, error: Option<Errno>) {
        if let Some(error) = error {
            job.finished.set_error(error);
        }
        job.finished.signal();
        self.later(0, move |this| {
            if let Some(backend) = this.backend.upgrade() {
                backend.free_job(job);
            }
            this.run();
        });
    }

    fn start_timeout(&self) {
        self.arm(self.timeout);
    }

    fn arm(&self, after: u64) {
        let timer = {
            let mut state = self.state.lock();
            state.timer += 1;
            state.timer
        };
        self.later(after, move |this| this.timed_out(timer));
    }

    /// The entity goes (`drm_sched_entity_destroy`): waits until its jobs have left the queue, and cancels what has not.
    pub fn destroy_entity(&self, entity: &Entity) {
        let id = entity.id;
        let queued = || self.state.lock().queued.iter().any(|job| job.entity == id);
        if !queued() {
            return;
        }
        // A wait that nothing ends is recorded by the machine; the jobs are cancelled then, as for a killed process.
        let _ = self.machine.wait_until(Deadline::Never, || !queued());
        let left: VecDeque<_> = {
            let mut state = self.state.lock();
            let (left, stay) = state.queued.drain(..).partition(|job| job.entity == id);
            state.queued = stay;
            left
        };
        for job in left {
            self.finish(job, Some(Errno::ECANCELED));
        }
    }
}

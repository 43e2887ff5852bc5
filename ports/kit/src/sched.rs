//! The job scheduler (`drm_gpu_scheduler`) of drivers that keep one job on the hardware at a time: order, dependencies,
//! time-outs, resubmission after a reset.
//!
//! Its work items are timers of the machine: they run while somebody sleeps or waits.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;

use drm_core::errno::Errno;
use drm_core::machine::{Deadline, Machine};
use drm_core::resv::{Fence, FenceContext};
use drm_core::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use drm_core::sync::{Arc, Mutex, Weak};

/// Karma above which a job is not run again after a reset (`hang_limit`, 0 in every driver here).
const HANG_LIMIT: u32 = 0;

/// What a driver does for its scheduler (`struct drm_sched_backend_ops`). Called without locks of the scheduler.
pub trait Backend<T>: Send + Sync {
    /// Starts the job. The fence signals when the hardware is done; `None` when there is nothing to wait for.
    fn run_job(&self, job: &Arc<Job<T>>) -> Option<Fence>;

    /// The job took too long.
    fn timedout_job(&self, job: &Arc<Job<T>>);

    /// The job is done: gives back what it holds.
    fn free_job(&self, job: Arc<Job<T>>);
}

/// Whose jobs stay in order (`struct drm_sched_entity`).
#[derive(Debug)]
pub struct Entity {
    id: u64,
    context: FenceContext,
}

static ENTITIES: AtomicU64 = AtomicU64::new(1);

impl Default for Entity {
    fn default() -> Self {
        Self {
            id: ENTITIES.fetch_add(1, Ordering::Relaxed),
            context: FenceContext::new(),
        }
    }
}

/// A job (`struct drm_sched_job`): the driver's part, and what it waits for.
pub struct Job<T> {
    /// The driver's part.
    pub work: T,
    entity: u64,
    finished: Fence,
    dependencies: Mutex<Vec<Fence>>,
    karma: AtomicU32,
}

impl<T> fmt::Debug for Job<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("finished", &self.finished)
            .finish_non_exhaustive()
    }
}

impl<T> Job<T> {
    /// A job of `entity`, not yet queued.
    #[must_use]
    pub fn new(entity: &Entity, work: T) -> Arc<Self> {
        Arc::new(Self {
            work,
            entity: entity.id,
            finished: entity.context.fence(),
            dependencies: Mutex::default(),
            karma: AtomicU32::new(0),
        })
    }

    /// Signals when the job is done, whether it succeeded or not.
    #[must_use]
    pub fn finished(&self) -> &Fence {
        &self.finished
    }

    /// Why the job failed, if it did (`finished.error`).
    #[must_use]
    pub fn error(&self) -> Option<Errno> {
        self.finished.error()
    }

    /// The job runs after `fence` (`drm_sched_job_add_dependency`).
    pub fn depend_on(&self, fence: &Fence) {
        if !fence.is_signaled() {
            self.dependencies.lock().push(fence.clone());
        }
    }

    fn unmet(&self) -> Option<Fence> {
        let dependencies = self.dependencies.lock();
        dependencies
            .iter()
            .find(|fence| !fence.is_signaled())
            .cloned()
    }
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

    /// The running job has failed: its time-out comes now (`drm_sched_fault`).
    pub fn fault(&self) {
        self.arm(0);
    }

    /// `drm_sched_job_timedout`; a job that is still there afterwards gets its time again.
    fn timed_out(&self, timer: u64) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use drm_core::machine::Config;

    const TIMEOUT: u64 = 1000;

    /// Jobs are names; the hardware finishes one when told to.
    struct Gpu {
        log: Mutex<Vec<String>>,
        hardware: Mutex<Option<Fence>>,
        context: FenceContext,
        scheduler: Mutex<Option<Arc<Scheduler<&'static str>>>>,
    }

    impl Backend<&'static str> for Gpu {
        fn run_job(&self, job: &Arc<Job<&'static str>>) -> Option<Fence> {
            if let Some(error) = job.error() {
                self.log.lock().push(format!("skip {} {error}", job.work));
                return None;
            }
            self.log.lock().push(format!("run {}", job.work));
            let fence = self.context.fence();
            *self.hardware.lock() = Some(fence.clone());
            Some(fence)
        }

        fn timedout_job(&self, job: &Arc<Job<&'static str>>) {
            self.log.lock().push(format!("timeout {}", job.work));
            let scheduler = self.scheduler.lock().clone().expect("set by the test");
            scheduler.stop();
            scheduler.increase_karma(job);
            scheduler.resubmit_jobs();
            scheduler.start();
        }

        fn free_job(&self, job: Arc<Job<&'static str>>) {
            self.log.lock().push(format!("free {}", job.work));
        }
    }

    fn setup() -> (Machine, Arc<Gpu>, Arc<Scheduler<&'static str>>) {
        let machine = Machine::new(Config {
            ram: 1 << 20,
            ..Config::default()
        })
        .expect("host memory");
        let gpu = Arc::new(Gpu {
            log: Mutex::default(),
            hardware: Mutex::default(),
            context: FenceContext::new(),
            scheduler: Mutex::default(),
        });
        let weak: Weak<Gpu> = Arc::downgrade(&gpu);
        let scheduler = Scheduler::new(&machine, TIMEOUT, weak);
        *gpu.scheduler.lock() = Some(Arc::clone(&scheduler));
        (machine, gpu, scheduler)
    }

    fn finish(gpu: &Gpu) {
        let fence = gpu.hardware.lock().take();
        fence.expect("a job runs").signal();
    }

    fn log(gpu: &Gpu) -> String {
        gpu.log.lock().drain(..).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn one_job_at_a_time_in_the_order_of_submission() {
        let (machine, gpu, scheduler) = setup();
        let (a, b) = (Entity::default(), Entity::default());
        for (entity, name) in [(&a, "a1"), (&b, "b1"), (&a, "a2")] {
            scheduler.push(Job::new(entity, name));
        }
        machine.sleep(1);
        assert_eq!(log(&gpu), "run a1");
        finish(&gpu);
        machine.sleep(1);
        assert_eq!(log(&gpu), "free a1, run b1");
        finish(&gpu);
        machine.sleep(1);
        assert_eq!(log(&gpu), "free b1, run a2");
        assert_eq!(scheduler.load(), (0, true));
    }

    #[test]
    fn a_dependency_holds_back_its_entity_alone() {
        let (machine, gpu, scheduler) = setup();
        let (a, b) = (Entity::default(), Entity::default());
        let fence = FenceContext::new().fence();
        let first = Job::new(&a, "a1");
        first.depend_on(&fence);
        scheduler.push(first);
        scheduler.push(Job::new(&a, "a2"));
        scheduler.push(Job::new(&b, "b1"));
        machine.sleep(1);
        assert_eq!(log(&gpu), "run b1");
        finish(&gpu);
        machine.sleep(1);
        assert_eq!(log(&gpu), "free b1");
        fence.signal();
        machine.sleep(1);
        assert_eq!(log(&gpu), "run a1");
    }

    #[test]
    fn a_guilty_job_is_cancelled_and_its_fence_signals() {
        let (machine, gpu, scheduler) = setup();
        let a = Entity::default();
        let job = Job::new(&a, "a1");
        scheduler.push(Arc::clone(&job));
        scheduler.push(Job::new(&a, "a2"));
        machine.sleep(TIMEOUT);
        assert_eq!(
            log(&gpu),
            "run a1, timeout a1, skip a1 ECANCELED, free a1, run a2"
        );
        assert!(job.finished().is_signaled());
        machine.sleep(TIMEOUT - 1);
        assert_eq!(log(&gpu), "", "a2 has its time for itself");
    }

    #[test]
    fn a_fault_is_a_timeout_that_comes_now() {
        let (machine, gpu, scheduler) = setup();
        scheduler.fault();
        machine.sleep(1);
        assert_eq!(log(&gpu), "", "nothing runs");
        scheduler.push(Job::new(&Entity::default(), "a1"));
        machine.sleep(1);
        scheduler.fault();
        machine.sleep(1);
        assert_eq!(log(&gpu), "run a1, timeout a1, skip a1 ECANCELED, free a1");
    }

    #[test]
    fn an_entity_goes_when_its_jobs_have_left_the_queue() {
        let (machine, gpu, scheduler) = setup();
        let a = Entity::default();
        scheduler.push(Job::new(&a, "a1"));
        scheduler.push(Job::new(&a, "a2"));
        scheduler.destroy_entity(&a);
        assert_eq!(
            log(&gpu),
            "run a1, timeout a1, skip a1 ECANCELED, free a1, run a2"
        );
        assert_eq!(machine.clock().now(), TIMEOUT);
    }
}

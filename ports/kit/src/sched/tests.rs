//! The order of jobs, what they wait for, and what becomes of them after a hang.

use super::*;
use drm_core::machine::Config;
use drm_core::resv::FenceContext;

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

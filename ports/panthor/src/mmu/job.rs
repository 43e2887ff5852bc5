//! Queued operations: one after the other, each when what it waits for has signalled (the space's `drm_sched_entity`).

use std::collections::VecDeque;

use drm_core::device::File;
use drm_core::errno::{Errno, Result};
use drm_core::exec::Exec;
use drm_core::machine::Fail;
use drm_core::resv::{Fence, FenceContext};

use super::{OpCtx, Vm};
use crate::bo::BufferObject;
use crate::uapi::VmBindOp;

/// A queued operation (`struct panthor_vm_bind_job`).
pub(crate) struct BindJob<B: BufferObject> {
    ctx: OpCtx<B>,
    /// What it waits for.
    dependencies: Vec<Fence>,
    /// What it signals; made when it is armed.
    finished: Option<Fence>,
}

/// The queue of a space.
pub(super) struct Entity<B: BufferObject> {
    context: FenceContext,
    queue: VecDeque<BindJob<B>>,
    /// Whether somebody works on the queue.
    running: bool,
}

impl<B: BufferObject> Default for Entity<B> {
    fn default() -> Self {
        Self {
            context: FenceContext::new(),
            queue: VecDeque::new(),
            running: false,
        }
    }
}

impl<B: BufferObject> Entity<B> {
    /// Takes the first job, if nothing holds it back; else the fence that does.
    fn next(&mut self) -> Option<std::result::Result<BindJob<B>, Fence>> {
        let job = self.queue.front_mut()?;
        job.dependencies.retain(|fence| !fence.is_signaled());
        match job.dependencies.first() {
            Some(fence) => Some(Err(fence.clone())),
            None => self.queue.pop_front().map(Ok),
        }
    }
}

impl<B: BufferObject> BindJob<B> {
    /// Prepares an operation for the queue (`panthor_vm_bind_job_create`).
    ///
    /// `EINVAL` for a space that is destroyed or unusable; errors of [`Vm::prepare_bind`].
    pub(crate) fn new(file: &File, vm: &Vm<B>, op: &VmBindOp) -> Result<Self> {
        if vm.is_destroyed() || vm.is_unusable() {
            return Err(Errno::EINVAL);
        }
        vm.dev().machine().failpoints().check(Fail::Alloc)?;
        Ok(Self {
            ctx: vm.prepare_bind(file, op)?,
            dependencies: Vec::new(),
            finished: None,
        })
    }

    /// Locks the space, and the object that is mapped (`panthor_vm_bind_job_prepare_resvs`). Errors of the locks.
    pub(crate) fn prepare_resvs(&self, vm: &Vm<B>, exec: &mut Exec) -> Result {
        vm.gpuvm().prepare_vm(exec, 1)?;
        match self.ctx.locked_object() {
            Some(object) => exec.prepare(&object.clone().into_dyn(), 1),
            None => Ok(()),
        }
    }

    /// One more fence to wait for (`drm_sched_job_add_dependency`).
    pub(crate) fn add_dependency(&mut self, fence: Fence) {
        self.dependencies.push(fence);
    }

    /// Gives the job its place in the order of the queue, and the fence that goes with it (`drm_sched_job_arm`).
    pub(crate) fn arm(&mut self, vm: &Vm<B>) -> Fence {
        let fence = vm.data().entity.lock().context.fence();
        self.finished = Some(fence.clone());
        fence
    }

    /// Ends a job that is not queued.
    pub(crate) fn cancel(self, vm: &Vm<B>) {
        self.ctx.cleanup(vm);
    }
}

impl<B: BufferObject> Vm<B> {
    /// Queues an armed job (`drm_sched_entity_push_job`). The worker gets to it when the system call is over.
    pub(crate) fn push_job(&self, job: BindJob<B>) {
        self.data().entity.lock().queue.push_back(job);
        self.kick();
    }

    fn kick(&self) {
        let vm = self.clone();
        self.dev().machine().task_work(move || vm.run_jobs());
    }

    /// Carries out what nothing holds back. A job that fails makes the space unusable, and says why in its fence
    /// (`panthor_vm_bind_run_job`).
    fn run_jobs(&self) {
        if std::mem::replace(&mut self.data().entity.lock().running, true) {
            return;
        }
        loop {
            let next = self.data().entity.lock().next();
            match next {
                Some(Ok(job)) => self.run_job(job),
                Some(Err(fence)) => {
                    self.data().entity.lock().running = false;
                    let vm = self.clone();
                    fence.on_signal(move || vm.kick());
                    return;
                }
                None => break,
            }
        }
        self.data().entity.lock().running = false;
    }

    fn run_job(&self, mut job: BindJob<B>) {
        let result = self.exec_op(&mut job.ctx, true);
        if let Some(finished) = job.finished {
            if let Err(error) = result {
                finished.set_error(error);
            }
            finished.signal();
        }
        job.ctx.cleanup(self);
    }

    /// Queued operations that have not begun.
    #[must_use]
    pub fn queued_jobs(&self) -> usize {
        self.data().entity.lock().queue.len()
    }
}

//! Jobs, and whose they are.

use std::fmt;

use drm_core::errno::Errno;
use drm_core::resv::{Fence, FenceContext};
use drm_core::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use drm_core::sync::{Arc, Mutex};

/// Whose jobs stay in order (`struct drm_sched_entity`).
#[derive(Debug)]
pub struct Entity {
    pub(super) id: u64,
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
    pub(super) entity: u64,
    pub(super) finished: Fence,
    dependencies: Mutex<Vec<Fence>>,
    pub(super) karma: AtomicU32,
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

    /// What it has to wait for.
    pub(super) fn unmet(&self) -> Option<Fence> {
        let dependencies = self.dependencies.lock();
        dependencies
            .iter()
            .find(|fence| !fence.is_signaled())
            .cloned()
    }
}

//! A job of a queue: a call of a stream of user space, wrapped in the driver's own instructions (`struct panthor_job`).

use drm_core::errno::{Errno, Result};
use drm_core::resv::Fence;
use drm_core::sync::Arc;

use super::group::{Group, GroupPool};
use crate::bo::BufferObject;
use crate::hw::{HwConfig, op};
use crate::uapi::QueueSubmit;

/// A job that is made, and perhaps queued.
pub(crate) struct GroupJob<B: BufferObject> {
    group: Arc<Group<B>>,
    queue: usize,
    start: u64,
    size: u32,
    latest_flush: u32,
    dependencies: Vec<Fence>,
    finished: Fence,
}

impl<B: BufferObject> GroupJob<B> {
    /// A job for a queue of a group (`panthor_job_create`). `EINVAL` for what does not fit, an unknown group or queue, or a group
    /// that may not run.
    pub(crate) fn new(groups: &GroupPool<B>, handle: u32, args: &QueueSubmit) -> Result<Self> {
        const UNUSED_FLUSH_BITS: u32 = 0x7f << 24;
        let (size, start) = (args.stream_size, args.stream_addr);
        let whole = start.is_multiple_of(64) && size.is_multiple_of(8);
        if args.pad != 0
            || (size == 0) != (start == 0)
            || !whole
            || args.latest_flush & UNUSED_FLUSH_BITS != 0
        {
            return Err(Errno::EINVAL);
        }
        // Only the low half of the handle is looked at.
        let group = groups.get(handle & 0xffff).ok_or(Errno::EINVAL)?;
        let queue = args.queue_index as usize;
        let fence = group.queues().get(queue).map(|queue| queue.fence());
        if !group.can_run() {
            return Err(Errno::EINVAL);
        }
        Ok(Self {
            finished: fence.ok_or(Errno::EINVAL)?,
            group,
            queue,
            start,
            size,
            latest_flush: args.latest_flush,
            dependencies: Vec::new(),
        })
    }

    /// Its group.
    pub(crate) fn group(&self) -> &Arc<Group<B>> {
        &self.group
    }

    pub(super) fn queue_index(&self) -> usize {
        self.queue
    }

    /// Signals when the job is done, or failed.
    pub(crate) fn finished(&self) -> &Fence {
        &self.finished
    }

    /// One more fence to wait for.
    pub(crate) fn add_dependency(&mut self, fence: Fence) {
        self.dependencies.push(fence);
    }

    /// Whether it waits for nothing more.
    pub(super) fn is_ready(&self) -> bool {
        self.dependencies.iter().all(Fence::is_signaled)
    }

    /// Whether there is no stream to call.
    pub(super) fn is_empty(&self) -> bool {
        self.size == 0
    }

    /// The job is done when another is, and fails if that does.
    pub(super) fn finish_with(self, other: &Fence) {
        let (finished, last) = (self.finished, other.clone());
        other.on_signal(move || {
            if let Some(error) = last.error() {
                finished.set_error(error);
            }
            finished.signal();
        });
    }

    /// Queues the job; what it waits for lets the scheduler look again (`drm_sched_entity_push_job`).
    pub(crate) fn push(self) {
        let (group, queue) = (Arc::clone(&self.group), self.queue);
        for fence in &self.dependencies {
            let group = Arc::clone(&group);
            fence.on_signal(move || group.schedule());
        }
        group.queues()[queue].push(self);
        group.schedule();
    }

    /// The instructions that call the stream and then count the job, padded to whole cache lines (`prepare_job_instrs`).
    pub(super) fn instructions(&self, hw: &HwConfig, sync: u64) -> Vec<u64> {
        let addr = u64::from(hw.csif.cs_reg_count - hw.csif.unpreserved_cs_reg_count);
        let val = addr + 2;
        let all = (1u64 << hw.csif.scoreboard_slot_count) - 1;
        let mut instructions = vec![
            op::MOV32 << 56 | val << 48 | u64::from(self.latest_flush),
            op::FLUSH_CACHE2 << 56 | val << 40 | 0x233,
            op::MOV48 << 56 | addr << 48 | self.start,
            op::MOV32 << 56 | val << 48 | u64::from(self.size),
            op::WAIT << 56 | 1 << 16,
            op::CALL << 56 | addr << 40 | val << 32,
            op::MOV48 << 56 | addr << 48 | sync,
            op::MOV48 << 56 | val << 48 | 1,
            op::WAIT << 56 | all << 16,
            op::SYNC_ADD64 << 56 | addr << 40 | val << 32 | 1,
            op::ERROR_BARRIER << 56,
        ];
        instructions.resize(instructions.len().next_multiple_of(8), 0);
        instructions
    }
}

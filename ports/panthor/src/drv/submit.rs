//! What the jobs of one submission wait for and signal, among them each other (`struct panthor_submit_ctx`).

use drm_core::device::File;
use drm_core::errno::{Errno, Result};
use drm_core::resv::Fence;
use drm_core::syncobj::Syncobj;

use crate::uapi::{
    SYNC_OP_HANDLE_TYPE_MASK, SYNC_OP_HANDLE_TYPE_SYNCOBJ, SYNC_OP_HANDLE_TYPE_TIMELINE_SYNCOBJ,
    SYNC_OP_SIGNAL, SyncOp,
};

/// A sync object that some job of the submission signals (`struct panthor_sync_signal`).
struct SyncSignal {
    handle: u32,
    point: u64,
    syncobj: Syncobj,
    /// What it holds so far: at first its fence of before, if any.
    fence: Option<Fence>,
}

/// One submission.
pub(super) struct SubmitCtx<'a> {
    file: &'a File,
    signals: Vec<SyncSignal>,
}

/// `EINVAL` for flags that are not known, or a point of what has none (`panthor_check_sync_op`).
fn check(op: &SyncOp) -> Result {
    let kind = op.flags & SYNC_OP_HANDLE_TYPE_MASK;
    let known = op.flags & !(SYNC_OP_HANDLE_TYPE_MASK | SYNC_OP_SIGNAL) == 0;
    match kind {
        SYNC_OP_HANDLE_TYPE_SYNCOBJ if known && op.timeline_value == 0 => Ok(()),
        SYNC_OP_HANDLE_TYPE_TIMELINE_SYNCOBJ if known => Ok(()),
        _ => Err(Errno::EINVAL),
    }
}

fn is_signal(op: &SyncOp) -> bool {
    op.flags & SYNC_OP_SIGNAL != 0
}

impl<'a> SubmitCtx<'a> {
    /// A submission of `file`, without jobs.
    pub(super) fn new(file: &'a File) -> Self {
        Self {
            file,
            signals: Vec::new(),
        }
    }

    fn signal(&mut self, op: &SyncOp) -> Option<&mut SyncSignal> {
        self.signals
            .iter_mut()
            .find(|signal| signal.handle == op.handle && signal.point == op.timeline_value)
    }

    /// Learns what a job will signal (`panthor_submit_ctx_collect_job_signal_ops`). `EINVAL` for what is malformed, and for an
    /// unknown handle.
    pub(super) fn collect_signals(&mut self, ops: &[SyncOp]) -> Result {
        for op in ops.iter().filter(|op| is_signal(op)) {
            check(op)?;
            if self.signal(op).is_some() {
                continue;
            }
            let syncobj = self.file.syncobj(op.handle).map_err(|_| Errno::EINVAL)?;
            self.signals.push(SyncSignal {
                handle: op.handle,
                point: op.timeline_value,
                fence: syncobj.find_fence(op.timeline_value).ok(),
                syncobj,
            });
        }
        Ok(())
    }

    /// What a job waits for (`panthor_submit_ctx_add_sync_deps_to_job`): for an earlier job where that signals the same.
    ///
    /// `EINVAL` for what is malformed or has no fence, `ENOENT` for an unknown handle.
    pub(super) fn dependencies(&mut self, ops: &[SyncOp]) -> Result<Vec<Fence>> {
        let mut fences = Vec::new();
        for op in ops.iter().filter(|op| !is_signal(op)) {
            check(op)?;
            let fence = match self.signal(op) {
                Some(SyncSignal {
                    fence: Some(fence), ..
                }) => fence.clone(),
                Some(_) => {
                    // The job waits for what only itself or a later one signals.
                    self.file
                        .machine()
                        .warn("panthor_drv.c: panthor_submit_ctx_add_sync_deps_to_job");
                    return Err(Errno::EINVAL);
                }
                None => self
                    .file
                    .syncobj(op.handle)?
                    .find_fence(op.timeline_value)?,
            };
            fences.push(fence);
        }
        Ok(fences)
    }

    /// From now on, what a job signals holds its fence (`panthor_submit_ctx_update_job_sync_signal_fences`).
    pub(super) fn set_signals(&mut self, ops: &[SyncOp], fence: &Fence) {
        for op in ops.iter().filter(|op| is_signal(op)) {
            if let Some(signal) = self.signal(op) {
                signal.fence = Some(fence.clone());
            }
        }
    }

    /// Shows the fences to user space (`panthor_submit_ctx_push_fences`).
    pub(super) fn push_fences(self) {
        for signal in self.signals {
            match (signal.point, signal.fence) {
                (0, fence) => signal.syncobj.replace_fence(fence),
                (point, Some(fence)) => signal.syncobj.add_point(point, &fence),
                (_, None) => {}
            }
        }
    }
}

//! What an open file has (`struct ivpu_file_priv`): its context, its command queues. Jobs in flight keep it.

use std::collections::BTreeMap;

use drm_core::device::File;
use drm_core::errno::{Errno, Result};
use drm_core::sync::atomic::{AtomicBool, Ordering};
use drm_core::sync::{Arc, Mutex};

use crate::context::Context;
use crate::device::IvpuDevice;
use crate::job::CommandQueue;

/// Counted by the file and by each of its jobs; the last takes every BO out of the context and closes it.
pub(crate) struct FileContext {
    device: Arc<IvpuDevice>,
    context: Arc<Context>,
    /// Command queues by priority.
    pub(crate) queues: Mutex<BTreeMap<u32, CommandQueue>>,
    has_mmu_faults: AtomicBool,
    bound: AtomicBool,
}

impl FileContext {
    pub(crate) fn new(device: &Arc<IvpuDevice>, context: Arc<Context>) -> Arc<Self> {
        Arc::new(Self {
            device: Arc::clone(device),
            context,
            queues: Mutex::default(),
            has_mmu_faults: AtomicBool::new(false),
            bound: AtomicBool::new(true),
        })
    }

    pub(crate) fn device(&self) -> &Arc<IvpuDevice> {
        &self.device
    }

    pub(crate) fn context(&self) -> &Arc<Context> {
        &self.context
    }

    pub(crate) fn mark_faulted(&self) {
        self.has_mmu_faults.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_faulted(&self) -> bool {
        self.has_mmu_faults.load(Ordering::SeqCst)
    }

    /// Command queues go, every BO leaves the context, the context is closed (`file_priv_unbind`). The second time nothing is left.
    pub(crate) fn unbind(&self) {
        if !self.bound.swap(false, Ordering::SeqCst) {
            return;
        }
        let queues = std::mem::take(&mut *self.queues.lock());
        drop(queues);
        if let Some(memory) = self.device.memory() {
            memory.unbind_all(&self.context);
        }
        self.context.fini();
        self.device.erase(self.context.ssid());
    }
}

/// `file_priv_release`.
impl Drop for FileContext {
    fn drop(&mut self) {
        self.unbind();
    }
}

/// The file's reference, gone once it is closed.
pub(crate) struct Private(Mutex<Option<Arc<FileContext>>>);

impl Private {
    pub(crate) fn new(file: Arc<FileContext>) -> Self {
        Self(Mutex::new(Some(file)))
    }

    /// Of a file of this driver. `EINVAL` for another, or once it is closed.
    pub(crate) fn of(file: &File) -> Result<Arc<FileContext>> {
        let private: &Self = file.private().ok_or(Errno::EINVAL)?;
        private.0.lock().clone().ok_or(Errno::EINVAL)
    }

    pub(crate) fn close(file: &File) {
        if let Some(private) = file.private::<Self>() {
            let context = private.0.lock().take();
            drop(context);
        }
    }
}

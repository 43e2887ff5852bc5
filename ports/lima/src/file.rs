//! What the driver keeps for an open file: its address space, its contexts (`lima_drv.h`, `lima_ctx.c`).

use std::collections::BTreeMap;

use drm_core::device::File;
use drm_core::errno::{Errno, Result};
use drm_core::sync::{Arc, Mutex};
use port_kit::sched::Entity;

use crate::uapi::PIPE_GP;
use crate::vm::LimaVm;

/// A context: jobs of it stay in order, on each pipe (`struct lima_ctx`).
#[derive(Debug, Default)]
pub(crate) struct Context {
    gp: Entity,
    pp: Entity,
}

impl Context {
    pub(crate) fn entity(&self, pipe: u32) -> &Entity {
        if pipe == PIPE_GP { &self.gp } else { &self.pp }
    }
}

/// `struct lima_drm_priv`
#[derive(Debug)]
pub struct FilePrivate {
    vm: Arc<LimaVm>,
    contexts: Mutex<BTreeMap<u32, Arc<Context>>>,
}

impl FilePrivate {
    pub(crate) fn new(vm: Arc<LimaVm>) -> Self {
        Self {
            vm,
            contexts: Mutex::default(),
        }
    }

    /// Of an open file. `EINVAL` for a file of another driver.
    pub fn of(file: &File) -> Result<&Self> {
        file.private().ok_or(Errno::EINVAL)
    }

    /// The address space.
    #[must_use]
    pub fn vm(&self) -> &Arc<LimaVm> {
        &self.vm
    }

    /// A new context: the lowest free id, from 0 (`lima_ctx_create`).
    pub(crate) fn create_context(&self) -> Result<u32> {
        let mut contexts = self.contexts.lock();
        let id = (0..=u32::MAX).find(|id| !contexts.contains_key(id));
        let id = id.ok_or(Errno::EBUSY)?;
        contexts.insert(id, Arc::default());
        Ok(id)
    }

    /// `lima_ctx_get`
    pub(crate) fn context(&self, id: u32) -> Option<Arc<Context>> {
        self.contexts.lock().get(&id).cloned()
    }

    /// Gives an id up; `None` for an unknown one. A job's context lives on (`lima_ctx_free`).
    pub(crate) fn take_context(&self, id: u32) -> Option<Arc<Context>> {
        self.contexts.lock().remove(&id)
    }

    /// Gives every id up (`lima_ctx_mgr_fini`).
    pub(crate) fn take_contexts(&self) -> Vec<Arc<Context>> {
        std::mem::take(&mut *self.contexts.lock())
            .into_values()
            .collect()
    }
}

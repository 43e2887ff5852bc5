//! What an open file has of the host: a context of the renderer, made when it is first needed (`struct virtio_gpu_fpriv`).

use std::collections::BTreeMap;

use drm_core::device::File;
use drm_core::errno::{Errno, Result};
use drm_core::resv::{Fence, FenceContext};
use drm_core::sync::{Arc, Mutex};

use crate::device::VirtgpuDevice;
use crate::host::command::Command;
use crate::queue::Vbuf;
use crate::uapi::{
    CONTEXT_PARAM_CAPSET_ID, CONTEXT_PARAM_DEBUG_NAME, CONTEXT_PARAM_NUM_RINGS,
    CONTEXT_PARAM_POLL_RINGS_MASK, ContextSetParam,
};

/// `MAX_CAPSET_ID`.
const MAX_CAPSET_ID: u64 = 63;
/// `MAX_RINGS`.
const MAX_RINGS: u64 = 64;
/// Bytes of a name, its end included (`DEBUG_NAME_MAX_LEN`).
const DEBUG_NAME_MAX_LEN: u64 = 64;

#[derive(Default)]
struct Context {
    created: bool,
    context_init: u32,
    rings: Option<Vec<Arc<FenceContext>>>,
    ring_idx_mask: u64,
    debug_name: Option<String>,
}

/// The private data of a file of a device with a renderer.
pub(crate) struct Fpriv {
    vgdev: Arc<VirtgpuDevice>,
    pub(crate) ctx_id: u32,
    context: Mutex<Context>,
    /// Fences that have a descriptor. Descriptors are the file's here, not the process's.
    sync_files: Mutex<BTreeMap<i32, Fence>>,
}

impl Fpriv {
    pub(crate) fn new(vgdev: &Arc<VirtgpuDevice>) -> Self {
        Self {
            vgdev: Arc::clone(vgdev),
            ctx_id: vgdev.ctx_id_get(),
            context: Mutex::default(),
            sync_files: Mutex::default(),
        }
    }

    /// The context of a file; 0 without a renderer.
    pub(crate) fn ctx_of(file: &File) -> u32 {
        file.private::<Self>().map_or(0, |private| private.ctx_id)
    }

    /// `EINVAL` without a renderer.
    pub(crate) fn of(file: &File) -> Result<&Self> {
        file.private::<Self>().ok_or(Errno::EINVAL)
    }

    fn create_locked(&self, context: &mut Context) {
        let name = context.debug_name.clone();
        let command = Command::CtxCreate {
            context_init: context.context_init,
            name: name.unwrap_or_else(|| "test".to_owned()),
        };
        self.vgdev.ctrlq().send(Vbuf::new(command).ctx(self.ctx_id));
        context.created = true;
    }

    /// Makes the context, unless it is there (`virtio_gpu_create_context`).
    pub(crate) fn create_context(&self) {
        let mut context = self.context.lock();
        if !context.created {
            self.create_locked(&mut context);
        }
    }

    /// `virtio_gpu_driver_postclose`.
    pub(crate) fn close(&self) {
        if self.context.lock().created {
            let vbuf = Vbuf::new(Command::CtxDestroy).ctx(self.ctx_id);
            self.vgdev.ctrlq().send(vbuf);
        }
        self.vgdev.ctx_id_put(self.ctx_id);
    }

    /// Makes the context as user space wants it (`virtio_gpu_context_init_ioctl`). `EEXIST` when it is there; `EINVAL`; `EFAULT`. What was
    /// set before an error stays set.
    pub(crate) fn init(&self, params: &[ContextSetParam]) -> Result {
        let mut context = self.context.lock();
        if context.created {
            return Err(Errno::EEXIST);
        }
        for param in params {
            self.set(&mut context, *param)?;
        }
        if context.ring_idx_mask != 0 {
            let rings = context.rings.as_ref().map_or(0, Vec::len);
            let valid = (0..rings).fold(0, |mask, ring| mask | 1u64 << ring);
            if !valid & context.ring_idx_mask != 0 {
                return Err(Errno::EINVAL);
            }
        }
        self.create_locked(&mut context);
        Ok(())
    }

    fn set(
        &self,
        context: &mut Context,
        ContextSetParam { param, value }: ContextSetParam,
    ) -> Result {
        let refuse = |bad: bool| if bad { Err(Errno::EINVAL) } else { Ok(()) };
        match param {
            CONTEXT_PARAM_CAPSET_ID => {
                refuse(value > MAX_CAPSET_ID)?;
                refuse(
                    !self
                        .vgdev
                        .params()
                        .capsets
                        .iter()
                        .any(|set| u64::from(set.id) == value),
                )?;
                refuse(context.context_init & 0xff != 0)?;
                context.context_init |= value as u32;
            }
            CONTEXT_PARAM_NUM_RINGS => {
                refuse(context.rings.is_some() || value > MAX_RINGS)?;
                let rings = (0..value).map(|_| Arc::new(FenceContext::new()));
                context.rings = Some(rings.collect());
            }
            CONTEXT_PARAM_POLL_RINGS_MASK => {
                refuse(context.ring_idx_mask != 0)?;
                context.ring_idx_mask = value;
            }
            CONTEXT_PARAM_DEBUG_NAME => {
                refuse(context.debug_name.is_some())?;
                context.debug_name = Some(self.read_name(value)?);
            }
            _ => return Err(Errno::EINVAL),
        }
        Ok(())
    }

    /// `EFAULT`.
    fn read_name(&self, at: u64) -> Result<String> {
        let mut name = String::new();
        for at in at..at + DEBUG_NAME_MAX_LEN - 1 {
            let mut byte = [0];
            self.vgdev.machine().user().read(at, &mut byte)?;
            match byte {
                [0] => break,
                [byte] => name.push(byte.into()),
            }
        }
        Ok(name)
    }

    /// The sequence of a ring. `EINVAL` for one that there is not.
    pub(crate) fn ring(&self, ring: u32) -> Result<Arc<FenceContext>> {
        let context = self.context.lock();
        let rings = context.rings.as_ref().ok_or(Errno::EINVAL)?;
        rings.get(ring as usize).cloned().ok_or(Errno::EINVAL)
    }

    /// Whether the end of a ring's work is an event (`ring_idx_mask`).
    pub(crate) fn polls(&self, ring: u32) -> bool {
        self.context.lock().ring_idx_mask >> ring & 1 != 0
    }

    /// Gives a fence a descriptor.
    pub(crate) fn install(&self, fence: Fence) -> i32 {
        let mut files = self.sync_files.lock();
        let fd = (3..).find(|fd| !files.contains_key(fd)).unwrap_or(i32::MAX);
        files.insert(fd, fence);
        fd
    }

    /// The fence of a descriptor. `EINVAL`.
    pub(crate) fn sync_file(&self, fd: i32) -> Result<Fence> {
        self.sync_files
            .lock()
            .get(&fd)
            .cloned()
            .ok_or(Errno::EINVAL)
    }
}

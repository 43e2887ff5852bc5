//! Hardware contexts (`amdxdna_ctx.c`, `aie2_ctx.c`): the heap as the firmware sees it, and four slots for commands.

use drm_core::PAGE_SIZE;
use drm_core::device::File;
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::machine::Deadline;
use drm_core::resv::FenceContext;
use drm_core::sync::atomic::{AtomicU64, Ordering};
use drm_core::sync::{Arc, Mutex};

use crate::client::{CHUNK, Client};
use crate::device::AmdxdnaDevice;
use crate::uapi::{CreateHwctx, DestroyHwctx, INVALID_ADDR, QosInfo};

/// Contexts of a file.
const MAX_HWCTX: u32 = 255;
/// Commands of a context in flight (`HWCTX_MAX_CMDS`).
const MAX_CMDS: u64 = 4;

/// `struct amdxdna_hwctx`.
pub(crate) struct Hwctx {
    device: Arc<AmdxdnaDevice>,
    /// The context of the firmware.
    id: u32,
    /// Chunks that the firmware knows, pinned.
    heap: Mutex<Vec<Gem>>,
    /// Buffers for commands in flight: pieces of the heap.
    commands: Mutex<Vec<Gem>>,
    pub(crate) fences: FenceContext,
    in_flight: AtomicU64,
    /// Number of the next command (under `io_lock`).
    next: Mutex<u64>,
}

impl Hwctx {
    /// `amdxdna_drm_create_hwctx_ioctl`.
    ///
    /// `EINVAL` for extensions; `EFAULT`; `ENOENT` without a heap; `EINVAL` for a heap without a device address; errors of its pages and
    /// of the buffers for commands; `EBUSY` beyond 255 contexts.
    pub(crate) fn create(file: &File, args: &mut CreateHwctx) -> Result {
        if args.ext != 0 || args.ext_flags != 0 {
            return Err(Errno::EINVAL);
        }
        let mut qos = QosInfo::default();
        let user = file.machine().user();
        user.read(args.qos_p, bytemuck::bytes_of_mut(&mut qos))?;
        let client = Client::of(file)?;
        if client.chunks().is_empty() {
            return Err(Errno::ENOENT);
        }
        let device = client.device();
        let context = Self {
            device: Arc::clone(device),
            id: device.npu().create_context(device.space(client.task())?),
            heap: Mutex::default(),
            commands: Mutex::default(),
            fences: FenceContext::new(),
            in_flight: AtomicU64::new(0),
            next: Mutex::default(),
        };
        let handle = context
            .add_heap(client)
            .and_then(|()| context.alloc_commands(file, client))
            .and_then(|()| {
                let hwctxs = client.hwctxs.lock();
                let handle = (1..=MAX_HWCTX).find(|handle| !hwctxs.contains_key(handle));
                handle.ok_or(Errno::EBUSY)
            });
        let handle = handle.inspect_err(|_| context.destroy())?;
        args.handle = handle;
        client.hwctxs.lock().insert(handle, Arc::new(context));
        Ok(())
    }

    /// `amdxdna_drm_destroy_hwctx_ioctl`. `EINVAL` for `pad`, and for a context that there is not.
    pub(crate) fn destroy_ioctl(file: &File, args: &DestroyHwctx) -> Result {
        if args.pad != 0 {
            return Err(Errno::EINVAL);
        }
        let client = Client::of(file)?;
        let context = client.hwctxs.lock().remove(&args.handle);
        context.ok_or(Errno::EINVAL)?.destroy();
        Ok(())
    }

    /// Tells the firmware of chunks that it does not know yet, each pinned and held from then on. `dev_lock` is held, or nobody else
    /// has the context.
    pub(crate) fn add_heap(&self, client: &Client) -> Result {
        let memory = self.device.memory()?;
        let mut heap = self.heap.lock();
        for chunk in client.chunks().iter().skip(heap.len()) {
            let at = memory.dev_addr(&chunk.object)?;
            if at == INVALID_ADDR {
                return Err(Errno::EINVAL);
            }
            memory.pin(&chunk.object)?;
            for part in (0..chunk.size()).step_by(CHUNK as usize) {
                let npu = self.device.npu();
                npu.add_host_buffer(self.id, at + part, CHUNK);
            }
            heap.push(chunk.object.clone());
        }
        Ok(())
    }

    fn alloc_commands(&self, file: &File, client: &Arc<Client>) -> Result {
        let memory = self.device.memory()?;
        for _ in 0..MAX_CMDS {
            let bo = memory.create_dev_bo(file.dev(), client, PAGE_SIZE)?;
            self.commands.lock().push(bo);
        }
        Ok(())
    }

    /// Waits for its commands, and takes it from the firmware.
    pub(crate) fn destroy(&self) {
        let machine = self.device.machine();
        let is_idle = || self.in_flight.load(Ordering::SeqCst) == 0;
        if machine.wait_until(Deadline::Never, is_idle).is_err() {
            machine.warn("aie2_ctx.c: a context goes with commands in flight");
        }
        self.device.npu().destroy_context(self.id);
        let commands = std::mem::take(&mut *self.commands.lock());
        drop(commands);
        let heap = std::mem::take(&mut *self.heap.lock());
        if let Ok(memory) = self.device.memory() {
            heap.iter().for_each(|chunk| memory.unpin(chunk));
        }
        drop(heap);
    }

    /// Waits for a free slot, and takes it (`job_sem`). `EINTR`.
    pub(crate) fn take_slot(&self) -> Result {
        let machine = self.device.machine();
        let is_free = || self.in_flight.load(Ordering::SeqCst) < MAX_CMDS;
        machine.wait_until(Deadline::Never, is_free)?;
        self.in_flight.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    /// A slot is free again.
    pub(crate) fn put_slot(&self) {
        self.in_flight.fetch_sub(1, Ordering::SeqCst);
    }

    /// Puts a payload where the firmware fetches it, and tells the firmware (`aie2_sched_job_run`). The number of the command.
    ///
    /// Errors of the kernel's mapping of the heap: nothing was told then.
    pub(crate) fn push(
        &self,
        payload: &[u8],
        done: impl FnOnce(bool) + Send + 'static,
    ) -> Result<u64> {
        let memory = self.device.memory()?;
        let mut next = self.next.lock();
        let commands = self.commands.lock();
        let slot = commands.get((*next % MAX_CMDS) as usize);
        let slot = slot.ok_or(Errno::EINVAL)?;
        memory.vmap(slot)?.write(0, payload)?;
        let (at, len) = (memory.dev_addr(slot)?, payload.len() as u64);
        self.device.npu().execute(self.id, at, len, done);
        *next += 1;
        Ok(*next - 1)
    }
}

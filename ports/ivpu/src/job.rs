//! Jobs (`ivpu_job.c`): submission, command queues in the memory of the global context, completion.

use drm_core::PAGE_SIZE;
use drm_core::device::File;
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::resv::{Fence, FenceContext, Usage};
use drm_core::sync::Arc;
use port_kit::locking::lock_reservations;

use crate::device::IvpuDevice;
use crate::file::FileContext;
use crate::hw::{Doorbell, ENTRIES, Entry, entry_offset};
use crate::memory::{KernelBo, Memory};
use crate::uapi::{BO_MAPPABLE, BO_WC, Submit};

/// BOs of a job.
const MAX_BUFFERS: u32 = 65535;
/// Highest priority: real-time.
const MAX_PRIORITY: u32 = 4;
/// Jobs of a context that are not done: the number of one has 8 bits.
const MAX_JOBS: u32 = 255;

/// A command queue of a file (`struct ivpu_cmdq`).
pub(crate) struct CommandQueue {
    device: Arc<IvpuDevice>,
    bo: Box<dyn KernelBo>,
    doorbell: Doorbell,
}

impl CommandQueue {
    /// `ENOMEM` for whatever goes wrong (`ivpu_cmdq_alloc`).
    fn new(file: &FileContext, memory: &dyn Memory) -> Result<Self> {
        let device = file.device();
        let drm = device.drm().ok_or(Errno::ENODEV)?;
        let global = &device.ranges().global;
        let context = device.global_context();
        let flags = BO_WC | BO_MAPPABLE;
        let bo = memory
            .kernel_bo(&drm, context, global, PAGE_SIZE, flags)
            .ok_or(Errno::ENOMEM)?;
        let doorbell = Doorbell {
            ssid: file.context().ssid(),
            queue: bo.vpu_addr(),
        };
        device.npu().register(doorbell);
        Ok(Self {
            device: Arc::clone(device),
            bo,
            doorbell,
        })
    }

    /// The object, for whoever wants to look.
    pub(crate) fn object(&self) -> Gem {
        self.bo.object()
    }

    fn word(&self, at: u64) -> Result<u32> {
        let mut bytes = [0; 4];
        self.bo.read(at, &mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    /// `EBUSY` when the queue is full (`ivpu_cmdq_push_job`).
    fn push(&self, entry: Entry) -> Result {
        let (head, tail) = (self.word(0)?, self.word(4)?);
        let next = (tail + 1) % ENTRIES;
        if next == head {
            return Err(Errno::EBUSY);
        }
        self.bo
            .write(entry_offset(tail), bytemuck::bytes_of(&entry))?;
        self.bo.write(4, &next.to_le_bytes())
    }
}

impl Drop for CommandQueue {
    fn drop(&mut self) {
        self.device.npu().unregister(self.doorbell);
    }
}

/// A job that the firmware has (`struct ivpu_job`).
pub(crate) struct Job {
    _file: Arc<FileContext>,
    /// The first is the command buffer.
    bos: Vec<Gem>,
    fence: Fence,
}

impl Job {
    /// `ivpu_job_signal_and_destroy`.
    pub(crate) fn done(self, device: &IvpuDevice, status: u32) {
        if let (Some(memory), Some(commands)) = (device.memory(), self.bos.first()) {
            memory.set_job_status(commands, status);
        }
        self.fence.signal();
    }
}

/// `ivpu_submit_ioctl`.
///
/// `EINVAL` for an engine, a priority, a number of buffers, or an offset that cannot be; `EBADFD` after a fault of the context; `EFAULT`;
/// then, buffer by buffer, `ENOENT` and what binding answers: those before stay bound. `EBUSY` while the command buffer is in use, or
/// when the queue is full; `EINVAL` for an offset beyond it; `EALREADY` for a buffer that is named twice.
pub(crate) fn submit(
    file: &File,
    private: &Arc<FileContext>,
    memory: &dyn Memory,
    args: &Submit,
) -> Result {
    if args.engine != 0 || args.priority > MAX_PRIORITY {
        return Err(Errno::EINVAL);
    }
    if args.buffer_count == 0 || args.buffer_count > MAX_BUFFERS {
        return Err(Errno::EINVAL);
    }
    if !args.commands_offset.is_multiple_of(8) {
        return Err(Errno::EINVAL);
    }
    if private.is_faulted() {
        return Err(Errno::EBADFD);
    }
    let handles = file
        .machine()
        .user()
        .read_u32s(args.buffers_ptr, args.buffer_count)?;
    private.device().power_up()?;
    let bos = prepare_buffers(file, memory, &handles, args.commands_offset)?;
    let mut guards = lock_reservations(&bos)?;
    for guard in &mut guards {
        guard.reserve_fences(1)?;
    }
    let fence = FenceContext::new().fence();
    for (index, guard) in guards.iter_mut().enumerate() {
        let usage = if index == 0 {
            Usage::Write
        } else {
            Usage::Bookkeep
        };
        guard.add_fence(&fence, usage);
    }
    drop(guards);
    let commands = memory.vpu_addr(&bos[0])? + u64::from(args.commands_offset);
    let job = Job {
        _file: Arc::clone(private),
        bos,
        fence: fence.clone(),
    };
    // A job that is not queued never was: its fence must not be waited for.
    queue(private, memory, args.priority, commands, job).inspect_err(|_| fence.signal())
}

/// `ivpu_job_prepare_bos_for_submit`, up to the locks.
fn prepare_buffers(
    file: &File,
    memory: &dyn Memory,
    handles: &[u32],
    offset: u32,
) -> Result<Vec<Gem>> {
    let mut bos = Vec::with_capacity(handles.len());
    for handle in handles {
        let object = file.lookup(*handle).ok_or(Errno::ENOENT)?;
        memory.bind(&object)?;
        bos.push(object);
    }
    let commands = bos[0].gem();
    if !commands.resv().test_signaled(Usage::Read) {
        return Err(Errno::EBUSY);
    }
    if u64::from(offset) >= commands.size() {
        return Err(Errno::EINVAL);
    }
    Ok(bos)
}

/// `ivpu_job_submit`.
fn queue(
    private: &Arc<FileContext>,
    memory: &dyn Memory,
    priority: u32,
    commands: u64,
    job: Job,
) -> Result {
    let mut queues = private.queues.lock();
    if let std::collections::btree_map::Entry::Vacant(vacant) = queues.entry(priority) {
        vacant.insert(CommandQueue::new(private, memory)?);
    }
    let queue = &queues[&priority];
    let device = private.device();
    let mut jobs = device.jobs.lock();
    let base = private.context().ssid() << 8;
    let job_id = (base..base + MAX_JOBS)
        .find(|id| !jobs.contains_key(id))
        .ok_or(Errno::EBUSY)?;
    queue.push(Entry {
        commands,
        job_id,
        pad: 0,
    })?;
    jobs.insert(job_id, job);
    Ok(())
}

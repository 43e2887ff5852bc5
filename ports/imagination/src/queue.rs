//! A queue of a context: its scheduler, its buffer to the firmware, and the word in which the firmware counts jobs that are
//! done (`pvr_queue.c`).

use std::collections::VecDeque;

use drm_core::errno::{Errno, Result};
use drm_core::memory::KernelMap;
use drm_core::resv::{Fence, FenceContext};
use drm_core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use drm_core::sync::{Arc, Mutex, OnceLock, Weak};
use port_kit::sched::{self, Backend, Entity, Scheduler};

use crate::buffer::PvrGem;
use crate::cccb::Cccb;
use crate::device::PvrDevice;
use crate::fw::{FwObject, Mapped};
use crate::fwif::{ccb_cmd, cleanup, commoncontext, get32, hwrtdata, kccb, put32};
use crate::job::Job;
use crate::uapi::{BoFlags, job_type};
use crate::vm::VmContext;

/// Nanoseconds that a job may take before somebody looks.
const JOB_TIMEOUT: u64 = 500_000_000;
/// `MAX_DEADLINE_MS`.
const MAX_DEADLINE_MS: u32 = 30_000;

/// Bytes of the state that the firmware saves (`get_ctx_state_size`), for a core with one raster pipe.
fn state_size(kind: u32) -> u64 {
    match kind {
        job_type::GEOMETRY => 160,
        job_type::COMPUTE => 4,
        _ => 16 + 4,
    }
}

/// The data master that runs the jobs (`get_dm_type`).
fn data_master(kind: u32) -> u32 {
    match kind {
        job_type::GEOMETRY => 2,
        job_type::COMPUTE => 4,
        _ => 3,
    }
}

/// A queue (`struct pvr_queue`).
pub struct Queue<B: PvrGem> {
    pvr: Arc<PvrDevice<B>>,
    pub(crate) kind: u32,
    /// Where its part of the context's firmware object is.
    ctx_offset: u32,
    ctx_addr: OnceLock<u32>,
    cccb: Cccb<B>,
    reg_state: Arc<FwObject<B>>,
    ufo: Mapped<B>,
    pub(crate) scheduler: Arc<Scheduler<Job<B>>>,
    pub(crate) entity: Entity,
    fences: FenceContext,
    seqno: AtomicU32,
    /// Jobs that the firmware has, oldest first.
    pending: Mutex<VecDeque<(u32, Fence)>>,
    /// Of the context: a job of it was lost.
    faulty: Arc<AtomicBool>,
}

/// What a new queue needs to know of its context.
pub(crate) struct QueueInit<'a, B: PvrGem> {
    pub(crate) kind: u32,
    pub(crate) ctx_offset: u32,
    pub(crate) ctx_id: u32,
    pub(crate) priority: u32,
    pub(crate) callstack_addr: u64,
    pub(crate) vm: &'a VmContext<B>,
    pub(crate) faulty: &'a Arc<AtomicBool>,
}

impl<B: PvrGem> Queue<B> {
    /// A new queue, and its part of the context's struct, written into `data` (`pvr_queue_create`, `init_fw_context`).
    ///
    /// # Errors
    ///
    /// `EINVAL` for a call stack where there is none; those of firmware objects. Nothing stays.
    pub(crate) fn create(
        pvr: &Arc<PvrDevice<B>>,
        init: &QueueInit<'_, B>,
        data: &mut [u8],
    ) -> Result<Arc<Self>> {
        let uncached = BoFlags::BYPASS_DEVICE_CACHE;
        let cccb = Cccb::new(pvr)?;
        let (kind, callstack) = (init.kind, init.callstack_addr);
        let reg_init = move |map: &KernelMap| match kind {
            // The initial call stack pointer of the first core.
            job_type::GEOMETRY => map.write(8, &callstack.to_le_bytes()),
            _ => Ok(()),
        };
        let size = state_size(kind);
        let reg_state = pvr
            .fw_object_create(size, uncached, Some(Box::new(reg_init)))
            .inspect_err(|_| cccb.fini(pvr))?;
        let undo = || {
            pvr.fw_object_destroy(&reg_state);
            cccb.fini(pvr);
        };
        if kind != job_type::GEOMETRY && kind != job_type::FRAGMENT && callstack != 0 {
            undo();
            return Err(Errno::EINVAL);
        }
        let ufo = pvr
            .fw_object_create_and_map(4, uncached, None)
            .inspect_err(|_| undo())?;
        let mem_context = init.vm.fw_mem_context().map_or(0, |object| object.addr());
        let fields = [
            (commoncontext::CCBCTL, cccb.ctrl.addr()),
            (commoncontext::CCB, cccb.ccb.addr()),
            (commoncontext::CONTEXT_STATE, reg_state.addr()),
            (commoncontext::PRIORITY, init.priority),
            (commoncontext::DM, data_master(kind)),
            (commoncontext::MAX_DEADLINE_MS, MAX_DEADLINE_MS),
            (commoncontext::FW_MEM_CONTEXT, mem_context),
            (commoncontext::SERVER_COMMON_CONTEXT_ID, init.ctx_id),
        ];
        for (at, value) in fields {
            let at = init.ctx_offset as usize + at as usize;
            data[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
        let queue = Arc::new_cyclic(|this: &Weak<Self>| Self {
            pvr: Arc::clone(pvr),
            kind,
            ctx_offset: init.ctx_offset,
            ctx_addr: OnceLock::new(),
            cccb,
            reg_state,
            ufo,
            scheduler: Scheduler::new(pvr.machine(), JOB_TIMEOUT, this.clone()),
            entity: Entity::default(),
            fences: FenceContext::new(),
            seqno: AtomicU32::new(0),
            pending: Mutex::default(),
            faulty: Arc::clone(init.faulty),
        });
        pvr.queues.lock().push(Arc::downgrade(&queue));
        Ok(queue)
    }

    /// Tells the queue where its context is, once that has a firmware object.
    pub(crate) fn set_context(&self, addr: u32) {
        self.ctx_addr.get_or_init(|| addr + self.ctx_offset);
    }

    /// Whether a command can be sent at all.
    pub(crate) fn can_fit(&self, len: usize) -> bool {
        Cccb::<B>::can_fit(len)
    }

    /// `pvr_queue_destroy`. Whether the firmware still uses it is not looked at.
    pub(crate) fn destroy(&self, ctx: Option<&Arc<FwObject<B>>>) {
        self.pvr
            .queues
            .lock()
            .retain(|queue| !std::ptr::eq(queue.as_ptr(), self));
        if let Some(ctx) = ctx {
            let kind = cleanup::FWCOMMONCONTEXT;
            let _ignored = self.pvr.fw_structure_cleanup(kind, ctx, self.ctx_offset);
        }
        self.ufo.unmap_and_destroy(&self.pvr);
        self.pvr.fw_object_destroy(&self.reg_state);
        self.cccb.fini(&self.pvr);
    }

    /// Signals the fences of the jobs that the firmware has counted (`pvr_queue_signal_done_fences`).
    fn signal_done_fences(&self) {
        let Ok(done) = get32(&self.ufo.map, 0) else {
            return;
        };
        loop {
            let fence = {
                let mut pending = self.pending.lock();
                match pending.front() {
                    Some((seqno, _)) if done.wrapping_sub(*seqno) as i32 >= 0 => {
                        pending.pop_front()
                    }
                    _ => None,
                }
            };
            match fence {
                Some((_, fence)) => fence.signal(),
                None => return,
            }
        }
    }

    /// The reset is over: what was on the hardware counts as done, and failed, and the context takes no more
    /// (`pvr_queue_start`).
    fn restart(&self) {
        // The mapping stands for as long as the queue does.
        let _ = put32(&self.ufo.map, 0, self.seqno.load(Ordering::SeqCst));
        let unfinished = std::mem::take(&mut *self.pending.lock());
        if !unfinished.is_empty() {
            self.faulty.store(true, Ordering::SeqCst);
        }
        self.scheduler.start();
    }

    fn submit(&self, job: &sched::Job<Job<B>>) -> Result<Fence> {
        let work = &job.work;
        let seqno = self.seqno.fetch_add(1, Ordering::SeqCst) + 1;
        let fence = self.fences.fence();
        self.pending.lock().push_back((seqno, fence.clone()));
        self.cccb
            .write(&self.pvr, work.fw_kind, work.id, &work.cmd)?;
        let mut update = [0; 8];
        update[..4].copy_from_slice(&self.ufo.addr().to_le_bytes());
        update[4..].copy_from_slice(&seqno.to_le_bytes());
        self.cccb.write(&self.pvr, ccb_cmd::UPDATE, 0, &update)?;
        let [write, mask] = self.cccb.kick_args();
        let context = self.ctx_addr.get().copied().unwrap_or(0);
        let mut args = vec![context, write, mask, 0];
        if let Some(hwrt) = &work.hwrt {
            args[3] = 1;
            args.push(hwrt.fw_obj.addr() + hwrtdata::CLEANUP_STATE as u32);
        }
        self.pvr.kccb_send(kccb::KICK, &args)?;
        Ok(fence)
    }
}

impl<B: PvrGem> Backend<Job<B>> for Queue<B> {
    /// `pvr_queue_run_job`.
    fn run_job(&self, job: &Arc<sched::Job<Job<B>>>) -> Option<Fence> {
        match self.submit(job) {
            Ok(fence) => Some(fence),
            Err(error) => {
                job.finished().set_error(error);
                None
            }
        }
    }

    /// Nothing is killed: the time begins again (`pvr_queue_timedout_job`).
    fn timedout_job(&self, _job: &Arc<sched::Job<Job<B>>>) {
        self.pvr.log("Job timeout");
        self.signal_done_fences();
    }

    fn free_job(&self, job: Arc<sched::Job<Job<B>>>) {
        self.pvr.job_ids.erase(job.work.id);
    }
}

impl<B: PvrGem> PvrDevice<B> {
    fn all_queues(&self) -> Vec<Arc<Queue<B>>> {
        self.queues
            .lock()
            .iter()
            .filter_map(Weak::upgrade)
            .collect()
    }

    /// `pvr_device_process_active_queues`.
    pub(crate) fn process_active_queues(&self) {
        for queue in self.all_queues() {
            queue.signal_done_fences();
        }
    }

    /// No job starts, and none is heard of, until the reset is over (`pvr_queue_device_pre_reset`).
    pub(crate) fn queues_pre_reset(&self) {
        for queue in self.all_queues() {
            queue.scheduler.stop();
        }
    }

    /// `pvr_queue_device_post_reset`. A context whose job was lost takes no more.
    pub(crate) fn queues_post_reset(&self) {
        for queue in self.all_queues() {
            queue.restart();
        }
    }
}

//! Jobs (`pvr_job.c`, `pvr_sync.c`): checked and translated, put in order by sync objects, queued.

use drm_core::device::File;
use drm_core::errno::{Errno, Result};
use drm_core::exec::{Exec, Flags};
use drm_core::machine::Fail;
use drm_core::resv::{Fence, Usage};
use drm_core::sync::Arc;
use drm_core::syncobj::Syncobj;
use port_kit::sched;

use crate::buffer::PvrGem;
use crate::context::Context;
use crate::device::PvrDevice;
use crate::drv::PvrFile;
use crate::fwif::ccb_cmd;
use crate::hwrt::HwrtData;
use crate::stream::{self, StreamDef};
use crate::uapi::{JobArgs, SYNC_OP_SIGNAL, SubmitJobs, SyncOp, ctx_type, job_type};
use crate::uobj;

/// The driver's part of a job (`struct pvr_job`).
pub struct Job<B: PvrGem> {
    pub(crate) ctx: Arc<Context<B>>,
    pub(crate) hwrt: Option<Arc<HwrtData<B>>>,
    kind: u32,
    pub(crate) id: u32,
    /// The kind of the command, and the command.
    pub(crate) fw_kind: u32,
    pub(crate) cmd: Vec<u8>,
}

/// What a kind of job may say, and what it becomes.
struct Kind {
    flags: u32,
    ctx: u32,
    needs_hwrt: bool,
    fw_kind: u32,
    stream: &'static StreamDef,
    /// Where the flags are in the command.
    flags_at: usize,
    /// Bits of the firmware's flags, by bit of the job's.
    fw_flags: &'static [u32],
}

const PARTIAL_RENDER: u32 = 1 << 6;

/// What kinds there are (`pvr_job_fw_cmd_init`). `EINVAL` for another.
fn kind_of(args: &JobArgs) -> Result<Kind> {
    Ok(match args.kind {
        job_type::GEOMETRY => Kind {
            flags: 7,
            ctx: ctx_type::RENDER,
            needs_hwrt: true,
            fw_kind: ccb_cmd::GEOM,
            stream: &stream::GEOM,
            flags_at: 80,
            fw_flags: &[1, 1 << 1, 1 << 3],
        },
        job_type::FRAGMENT => Kind {
            flags: 0xff,
            ctx: ctx_type::RENDER,
            needs_hwrt: true,
            fw_kind: if args.flags & PARTIAL_RENDER != 0 {
                ccb_cmd::FRAG_PR
            } else {
                ccb_cmd::FRAG
            },
            stream: &stream::FRAG,
            flags_at: 464,
            fw_flags: &[1 << 3, 1 << 7, 1 << 8, 1 << 26, 1 << 19, 1 << 5, 0, 1 << 15],
        },
        job_type::COMPUTE => Kind {
            flags: 3,
            ctx: ctx_type::COMPUTE,
            needs_hwrt: false,
            fw_kind: ccb_cmd::CDM,
            stream: &stream::COMPUTE,
            flags_at: 80,
            fw_flags: &[1 << 2, 1 << 5],
        },
        job_type::TRANSFER_FRAG => Kind {
            flags: 1,
            ctx: ctx_type::TRANSFER_FRAG,
            needs_hwrt: false,
            fw_kind: ccb_cmd::TQ_3D,
            stream: &stream::TRANSFER,
            flags_at: 184,
            fw_flags: &[1 << 1],
        },
        _ => return Err(Errno::EINVAL),
    })
}

impl<B: PvrGem> Job<B> {
    /// A job of user space, not yet queued (`create_job`).
    ///
    /// # Errors
    ///
    /// `EINVAL` for what is unknown or does not fit; `EFAULT`; `ENOMEM`; `EIO` for a context that lost a job; `E2BIG`.
    fn create(pvr: &PvrDevice<B>, file: &PvrFile<B>, args: &JobArgs) -> Result<Self> {
        let machine = pvr.machine();
        let is_render = matches!(args.kind, job_type::GEOMETRY | job_type::FRAGMENT);
        if args.cmd_stream == 0 || args.cmd_stream_len == 0 {
            return Err(Errno::EINVAL);
        }
        if !is_render && (args.hwrt.set_handle != 0 || args.hwrt.data_index != 0) {
            return Err(Errno::EINVAL);
        }
        machine.failpoints().check(Fail::Alloc)?;
        let ctx = file.contexts.load(args.context_handle);
        let ctx = ctx.ok_or(Errno::EINVAL)?;
        let hwrt = match args.hwrt.set_handle {
            0 => None,
            handle => {
                let set = file.hwrts.load(handle).ok_or(Errno::EINVAL)?;
                Some(set.data(args.hwrt.data_index).ok_or(Errno::EINVAL)?)
            }
        };
        let kind = kind_of(args)?;
        if args.flags & !kind.flags != 0
            || ctx.kind != kind.ctx
            || (kind.needs_hwrt && hwrt.is_none())
        {
            return Err(Errno::EINVAL);
        }
        let stream = uobj::bytes(machine, args.cmd_stream, args.cmd_stream_len)?;
        let mut cmd = vec![0; kind.stream.size as usize];
        stream::process(kind.stream, &stream, &mut cmd)?;
        let bits = kind.fw_flags.iter().enumerate();
        let fw_flags = bits
            .filter(|(bit, _)| args.flags & 1 << bit != 0)
            .fold(0, |flags, (_, fw_flag)| flags | fw_flag);
        cmd[kind.flags_at..][..4].copy_from_slice(&fw_flags.to_le_bytes());
        if let Some(hwrt) = &hwrt {
            cmd[4..8].copy_from_slice(&hwrt.fw_obj.addr().to_le_bytes());
        }
        if ctx.is_faulty() {
            return Err(Errno::EIO);
        }
        let queue = ctx.queue(args.kind).ok_or(Errno::EINVAL)?;
        if !queue.can_fit(cmd.len()) {
            return Err(Errno::E2BIG);
        }
        Ok(Self {
            id: pvr.job_ids.alloc(machine, ())?,
            ctx,
            hwrt,
            kind: args.kind,
            fw_kind: kind.fw_kind,
            cmd,
        })
    }

    /// How it uses its render target.
    fn usage(&self) -> Usage {
        if self.kind == job_type::GEOMETRY {
            Usage::Write
        } else {
            Usage::Read
        }
    }
}

/// Low bits of the flags of a sync operation: the kind of handle.
const SYNC_HANDLE_TYPE: u32 = 0xf;
/// A timeline; 0 is a binary sync object.
const SYNC_TIMELINE: u32 = 1;

/// `pvr_check_sync_op`. `EINVAL`.
fn check_sync_op(op: &SyncOp) -> Result {
    let known = op.flags & !(SYNC_HANDLE_TYPE | SYNC_OP_SIGNAL) == 0;
    let handle = match op.flags & SYNC_HANDLE_TYPE {
        0 => op.value == 0,
        kind => kind == SYNC_TIMELINE,
    };
    (known && handle).then_some(()).ok_or(Errno::EINVAL)
}

/// A fence that a point of a sync object will have once all jobs are queued (`struct pvr_sync_signal`).
struct Signal {
    handle: u32,
    point: u64,
    syncobj: Syncobj,
    fence: Option<Fence>,
}

impl Signal {
    fn is_of(&self, op: &SyncOp) -> bool {
        (self.handle, self.point) == (op.handle, op.value)
    }

    /// `pvr_sync_signal_array_push_fences`.
    fn push(self) {
        match self.fence {
            Some(fence) if self.point > 0 => self.syncobj.add_point(self.point, &fence),
            fence => self.syncobj.replace_fence(fence),
        }
    }
}

/// Puts a job behind the fences that it waits for, and says what it signals (`prepare_job_syncs`).
///
/// # Errors
///
/// `EINVAL` for a wrong operation, for an unknown sync object to signal, and for one to wait for that has no fence; `ENOENT`
/// for an unknown one to wait for.
fn prepare_syncs<B: PvrGem>(
    file: &File,
    job: &sched::Job<Job<B>>,
    ops: &[SyncOp],
    signals: &mut Vec<Signal>,
) -> Result {
    let is_signal = |op: &&SyncOp| op.flags & SYNC_OP_SIGNAL != 0;
    for op in ops.iter().filter(is_signal) {
        check_sync_op(op)?;
        if signals.iter().any(|signal| signal.is_of(op)) {
            continue;
        }
        let syncobj = file.syncobj(op.handle).map_err(|_| Errno::EINVAL)?;
        signals.push(Signal {
            handle: op.handle,
            point: op.value,
            fence: syncobj.find_fence(op.value).ok(),
            syncobj,
        });
    }
    for op in ops.iter().filter(|op| !is_signal(op)) {
        check_sync_op(op)?;
        let fence = match signals.iter().find(|signal| signal.is_of(op)) {
            Some(signal) => signal.fence.clone().ok_or(Errno::EINVAL)?,
            None => file.syncobj(op.handle)?.find_fence(op.value)?,
        };
        job.depend_on(&fence);
    }
    if let Some(hwrt) = &job.work.hwrt {
        let resv = hwrt.fw_obj.gem().gem().resv();
        // A writer waits for everybody, a reader for writers (`dma_resv_usage_rw`).
        let waits_for = match job.work.usage() {
            Usage::Write => Usage::Read,
            _ => Usage::Write,
        };
        for fence in resv.fences(waits_for) {
            job.depend_on(&fence);
        }
    }
    for op in ops.iter().filter(is_signal) {
        if let Some(signal) = signals.iter_mut().find(|signal| signal.is_of(op)) {
            signal.fence = Some(job.finished().clone());
        }
    }
    Ok(())
}

/// Jobs of one submission, with the fences that they leave.
type Prepared<B> = Vec<Arc<sched::Job<Job<B>>>>;

impl<B: PvrGem> PvrDevice<B> {
    /// Submits jobs, all or none (`pvr_submit_jobs`). Flushes that maps put off are done first.
    ///
    /// # Errors
    ///
    /// Those of the job that `args.jobs.count` names afterwards; those of the flush; `EINTR`.
    pub(crate) fn submit_jobs(
        &self,
        file: &File,
        own: &PvrFile<B>,
        args: &mut SubmitJobs,
    ) -> Result {
        if args.jobs.count == 0 {
            return Err(Errno::EINVAL);
        }
        let job_args =
            uobj::get_array::<JobArgs>(self.machine(), &args.jobs, size_of::<JobArgs>())?;
        let mut jobs: Prepared<B> = Vec::new();
        let result = self.prepare_jobs(file, own, &job_args, args, &mut jobs);
        let signals = match result {
            Ok(signals) => signals,
            Err(error) => {
                for job in jobs {
                    self.job_ids.erase(job.work.id);
                }
                return Err(error);
            }
        };
        for job in jobs {
            if let Some(queue) = job.work.ctx.queue(job.work.kind) {
                queue.scheduler.push(Arc::clone(&job));
            }
        }
        signals.into_iter().for_each(Signal::push);
        Ok(())
    }

    /// Everything that can fail.
    fn prepare_jobs(
        &self,
        file: &File,
        own: &PvrFile<B>,
        job_args: &[JobArgs],
        args: &mut SubmitJobs,
        jobs: &mut Prepared<B>,
    ) -> Result<Vec<Signal>> {
        let mut sync_ops = Vec::new();
        for (i, job) in (0..).zip(job_args) {
            let mut named = |error: Errno| {
                args.jobs.count = i;
                error
            };
            let work = Job::create(self, own, job).map_err(&mut named)?;
            let ops = uobj::get_array::<SyncOp>(self.machine(), &job.sync_ops, size_of::<SyncOp>());
            let queue = work.ctx.queue(work.kind).ok_or(Errno::EINVAL)?;
            let entity = Arc::clone(queue);
            jobs.push(sched::Job::new(&entity.entity, work));
            sync_ops.push(ops.map_err(&mut named)?);
        }
        self.flush_exec(false)?;
        let mut signals = Vec::new();
        for ((i, job), ops) in (0..).zip(&*jobs).zip(&sync_ops) {
            prepare_syncs(file, job, ops, &mut signals).inspect_err(|_| args.jobs.count = i)?;
        }
        let mut exec = Exec::new(Flags::INTERRUPTIBLE_WAIT | Flags::IGNORE_DUPLICATES);
        exec.until_all_locked(|exec| {
            for job in &*jobs {
                if let Some(object) = job.work.ctx.fw_obj() {
                    exec.lock(&object.gem().clone().into_dyn())?;
                }
                if let Some(hwrt) = &job.work.hwrt {
                    exec.prepare(&hwrt.fw_obj.gem().clone().into_dyn(), 1)?;
                }
            }
            Ok(())
        })?;
        for job in &*jobs {
            if let Some(hwrt) = &job.work.hwrt {
                let object = hwrt.fw_obj.gem().clone().into_dyn();
                if let Some(guard) = exec.guard(&object) {
                    guard.add_fence(job.finished(), job.work.usage());
                }
            }
        }
        Ok(signals)
    }
}

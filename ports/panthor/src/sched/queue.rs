//! A queue: its ring buffer, its interface to the firmware, the jobs in it, and what it waits for (`struct panthor_queue`).

use std::collections::VecDeque;

use drm_core::errno::{Errno, Result};
use drm_core::gem::{Gem, IosysMap};
use drm_core::resv::{Fence, FenceContext};
use drm_core::sync::Mutex;

use super::group::Group;
use super::job::GroupJob;
use crate::bo::BufferObject;
use crate::hw::{Cs, CsInterface, Hw, Stop, SyncWait};
use crate::kernel_bo::KernelBo;
use crate::mmu::Vm;
use crate::uapi::{BO_NO_MMAP, QueueCreate, VM_BIND_OP_MAP_NOEXEC, VM_BIND_OP_MAP_UNCACHED};

/// What a ring buffer may have, in bytes.
const RINGBUF_SIZES: std::ops::RangeInclusive<u32> = 4 << 10..=64 << 10;
/// The highest priority of a queue (`CSF_MAX_QUEUE_PRIO`).
const MAX_QUEUE_PRIO: u8 = 15;
/// Bytes of the shortest job that is profiled: 15 instructions, in whole cache lines.
const PROFILED_JOB_SIZE: u64 = 16 * 8;
/// Bytes that profiling takes of one job: time and cycles, before and after.
const PROFILING_SLOT_SIZE: u64 = 32;
/// How objects of the kernel's that GPU and CPU both write are mapped.
pub(super) const SHARED: u32 = VM_BIND_OP_MAP_NOEXEC | VM_BIND_OP_MAP_UNCACHED;

/// A job in the ring buffer: what the firmware counts up to when it is done.
struct InFlight {
    seqno: u64,
    fence: Fence,
}

/// A wait for memory of user space: the object found at the address, mapped for the kernel until the wait is over
/// (`queue->syncwait`).
struct Waiting<B: BufferObject> {
    wait: SyncWait,
    mapped: Option<(Gem<B>, IosysMap, u64)>,
}

struct State<B: BufferObject> {
    cs: Cs,
    /// Jobs that wait for something (`drm_sched_entity`).
    pending: VecDeque<GroupJob<B>>,
    in_flight: VecDeque<InFlight>,
    last_fence: Option<Fence>,
    seqno: u64,
    waiting: Option<Waiting<B>>,
}

/// A queue of a group.
pub struct Queue<B: BufferObject> {
    ringbuf: KernelBo<B>,
    /// The interface to the firmware, in the firmware's space: what the driver writes, and a page later what it reads.
    iface: KernelBo<B>,
    _profiling: KernelBo<B>,
    context: FenceContext,
    state: Mutex<State<B>>,
}

impl<B: BufferObject> Queue<B> {
    /// A queue in `vm` (`group_create_queue`). `EINVAL` for what it may not be; errors of the objects.
    pub(super) fn new(vm: &Vm<B>, fw: &Vm<B>, args: &QueueCreate) -> Result<Self> {
        let size = args.ringbuf_size;
        let fits = RINGBUF_SIZES.contains(&size) && size.is_power_of_two();
        if args.pad != [0; 3] || !fits || args.priority > MAX_QUEUE_PRIO {
            return Err(Errno::EINVAL);
        }
        let size = u64::from(size);
        let ringbuf = KernelBo::new(vm, size, BO_NO_MMAP, SHARED, None)?;
        ringbuf.vmap()?;
        let iface = KernelBo::new(fw, 2 * drm_core::PAGE_SIZE, BO_NO_MMAP, SHARED, None)?;
        iface.vmap()?.fill(0, iface.size(), 0)?;
        let slots = size.div_ceil(PROFILED_JOB_SIZE);
        let profiling = KernelBo::new(vm, slots * PROFILING_SLOT_SIZE, BO_NO_MMAP, SHARED, None)?;
        profiling.vmap()?;
        Ok(Self {
            ringbuf,
            iface,
            _profiling: profiling,
            context: FenceContext::new(),
            state: Mutex::new(State {
                cs: Cs::default(),
                pending: VecDeque::new(),
                in_flight: VecDeque::new(),
                last_fence: None,
                seqno: 0,
                waiting: None,
            }),
        })
    }

    fn interface(&self) -> CsInterface {
        CsInterface {
            ringbuf: self.ringbuf.gpuva(),
            ringbuf_size: self.ringbuf.size(),
            input: self.iface.gpuva(),
            output: self.iface.gpuva() + drm_core::PAGE_SIZE,
        }
    }

    /// A fence for a job of the queue.
    pub(super) fn fence(&self) -> Fence {
        self.context.fence()
    }

    pub(super) fn push(&self, job: GroupJob<B>) {
        self.state.lock().pending.push_back(job);
    }

    /// Whether nothing can be done: no job is in the ring buffer, and the first that is not waits for something.
    pub(super) fn is_idle(&self) -> bool {
        let state = self.state.lock();
        state.in_flight.is_empty() && !state.pending.front().is_some_and(GroupJob::is_ready)
    }

    /// Puts jobs that wait for nothing more into the ring buffer (`queue_run_job`); whether there was one.
    pub(super) fn push_pending(&self, group: &Group<B>) -> bool {
        let mut state = self.state.lock();
        let mut any = false;
        while state.pending.front().is_some_and(GroupJob::is_ready) {
            let Some(job) = state.pending.pop_front() else {
                break;
            };
            any = true;
            if job.is_empty() {
                // Done when all before it are.
                match state.last_fence.clone() {
                    Some(last) => job.finish_with(&last),
                    None => job.finished().signal(),
                }
                continue;
            }
            state.seqno += 1;
            let seqno = state.seqno;
            let sync = group.syncobj(job.queue_index());
            if let Err(error) =
                self.write_instructions(&job.instructions(group.hw().config(), sync))
            {
                job.finished().set_error(error);
                job.finished().signal();
                continue;
            }
            let fence = job.finished().clone();
            state.last_fence = Some(fence.clone());
            state.in_flight.push_back(InFlight { seqno, fence });
        }
        any
    }

    /// Copies instructions to the end of the ring buffer and tells the firmware (`copy_instrs_to_ringbuf`).
    fn write_instructions(&self, instructions: &[u64]) -> Result {
        let (ring, iface) = (self.ringbuf.kmap()?, self.iface.kmap()?);
        let mut insert = [0; 8];
        iface.read(0, &mut insert)?;
        let mut insert = u64::from_le_bytes(insert);
        for instruction in instructions {
            ring.write(insert % self.ringbuf.size(), &instruction.to_le_bytes())?;
            insert += 8;
        }
        iface.write(0, &insert.to_le_bytes())
    }

    /// Lets the firmware run the queue.
    pub(super) fn run(&self, hw: &Hw, slot: u32) -> Stop {
        hw.run_cs(slot, &self.interface(), &mut self.state.lock().cs)
    }

    pub(super) fn answer_oom(&self, chunk: u64) {
        self.state.lock().cs.answer_oom(chunk);
    }

    /// The queue waits for memory (`cs_slot_sync_queue_state_locked`).
    pub(super) fn block(&self, wait: SyncWait) {
        let waiting = Waiting { wait, mapped: None };
        self.state.lock().waiting = Some(waiting);
    }

    /// Whether it waits for memory.
    pub(super) fn is_blocked(&self) -> bool {
        self.state.lock().waiting.is_some()
    }

    /// Looks whether the wait is over, through a mapping of the object that user space put there (`panthor_queue_eval_syncwait`).
    /// The mapping is kept for the next look.
    pub(super) fn check_syncwait(&self, group: &Group<B>) -> bool {
        let mut state = self.state.lock();
        let Some(waiting) = &mut state.waiting else {
            return true;
        };
        if waiting.mapped.is_none() {
            let mapped = group
                .vm()
                .bo_for_va(waiting.wait.gpu_va)
                .and_then(|(object, offset)| {
                    let mut guard = object.gem().resv().lock();
                    let map = object.vmap(&mut guard)?;
                    Ok((object.clone(), map, offset))
                });
            match mapped {
                Ok(mapped) => waiting.mapped = Some(mapped),
                Err(_) => {
                    group
                        .hw()
                        .machine()
                        .warn("panthor_sched.c: panthor_queue_get_syncwait_obj");
                    return false;
                }
            }
        }
        let Some((_, map, offset)) = &waiting.mapped else {
            return false;
        };
        let mut value = [0; 8];
        let read = map.map().read(*offset, &mut value);
        let above = u64::from_le_bytes(value) > waiting.wait.reference;
        let over = read.is_ok() && above == waiting.wait.gt;
        if over {
            let waiting = state.waiting.take();
            drop(state);
            release(waiting);
        }
        over
    }

    /// Signals the fences of jobs that the firmware counted; whether there was one.
    pub(super) fn signal_up_to(&self, seqno: u64) -> bool {
        let mut done = Vec::new();
        let mut state = self.state.lock();
        while state
            .in_flight
            .front()
            .is_some_and(|job| job.seqno <= seqno)
        {
            done.extend(state.in_flight.pop_front());
        }
        drop(state);
        done.iter().for_each(|job| job.fence.signal());
        !done.is_empty()
    }

    /// Ends every job with an error; what the firmware should have counted by now.
    pub(super) fn end(&self, error: Errno) -> u64 {
        let mut state = self.state.lock();
        state.cs.reset();
        let in_flight = std::mem::take(&mut state.in_flight);
        let pending = std::mem::take(&mut state.pending);
        let waiting = state.waiting.take();
        let seqno = state.seqno;
        drop(state);
        release(waiting);
        let fences = in_flight.into_iter().map(|job| job.fence);
        for fence in fences.chain(pending.into_iter().map(|job| job.finished().clone())) {
            fence.set_error(error);
            fence.signal();
        }
        seqno
    }
}

/// Ends a wait: the object is no longer mapped for it (`panthor_queue_put_syncwait_obj`).
fn release<B: BufferObject>(waiting: Option<Waiting<B>>) {
    if let Some((object, map, _)) = waiting.and_then(|waiting| waiting.mapped) {
        let mut guard = object.gem().resv().lock();
        object.vunmap(&mut guard, &map);
    }
}

impl<B: BufferObject> Drop for Queue<B> {
    fn drop(&mut self) {
        release(self.state.lock().waiting.take());
    }
}

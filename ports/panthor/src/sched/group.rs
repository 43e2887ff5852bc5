//! Groups of queues that share an address space and a slot of the firmware (`struct panthor_group`).

use std::collections::BTreeMap;

use drm_core::errno::{Errno, Result};
use drm_core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use drm_core::sync::{Arc, Mutex, Weak};

use super::queue::{Queue, SHARED};
use super::{Scheduler, end_error};
use crate::bo::BufferObject;
use crate::hw::Hw;
use crate::kernel_bo::KernelBo;
use crate::mmu::Vm;
use crate::uapi::{
    BO_NO_MMAP, GROUP_PRIORITY_HIGH, GROUP_PRIORITY_MEDIUM, GROUP_STATE_FATAL_FAULT,
    GROUP_STATE_TIMEDOUT, GroupCreate, GroupGetState, QueueCreate, VM_BIND_OP_MAP_NOEXEC,
};

/// Queues that a group may have (`MAX_CS_PER_CSG`).
const MAX_CS_PER_CSG: u32 = 32;
/// Groups that one file may have.
const MAX_GROUPS_PER_POOL: u32 = 128;
/// Bytes of a count of jobs: number, and status (`struct panthor_syncobj_64b`).
const SYNCOBJ_SIZE: u64 = 16;
/// Bytes that the firmware needs to save a group, and to save it in protected mode.
const SUSPEND_SIZES: (u64, u64) = (0x2000, 0x1000);

/// A group.
pub struct Group<B: BufferObject> {
    scheduler: Weak<Scheduler<B>>,
    queues: Vec<Queue<B>>,
    _suspend_buf: KernelBo<B>,
    _protm_suspend_buf: KernelBo<B>,
    /// One count of jobs for each queue.
    syncobjs: KernelBo<B>,
    vm: Vm<B>,
    fatal_queues: AtomicU32,
    timed_out: AtomicBool,
    destroyed: AtomicBool,
    resident: AtomicBool,
}

/// Checks what a group may be (`panthor_ioctl_group_create`, `panthor_group_create`). `EINVAL`; `EACCES` for a priority that
/// needs a privilege, which nobody has here.
pub(crate) fn check(hw: &Hw, args: &GroupCreate) -> Result {
    if args.queues.count == 0 || args.queues.count > MAX_CS_PER_CSG {
        return Err(Errno::EINVAL);
    }
    if args.priority > GROUP_PRIORITY_MEDIUM {
        return Err(if args.priority > GROUP_PRIORITY_HIGH {
            Errno::EINVAL
        } else {
            Errno::EACCES
        });
    }
    let (gpu, csif) = (&hw.config().gpu, &hw.config().csif);
    let cores = [
        (
            args.compute_core_mask,
            gpu.shader_present,
            args.max_compute_cores,
        ),
        (
            args.fragment_core_mask,
            gpu.shader_present,
            args.max_fragment_cores,
        ),
        (
            args.tiler_core_mask,
            gpu.tiler_present,
            args.max_tiler_cores,
        ),
    ];
    let fit = cores
        .iter()
        .all(|(mask, present, most)| mask & !present == 0 && mask.count_ones() >= u32::from(*most));
    if args.pad != 0 || !fit || args.queues.count > csif.cs_slot_count {
        return Err(Errno::EINVAL);
    }
    Ok(())
}

impl<B: BufferObject> Group<B> {
    /// A group in `vm` (`panthor_group_create`); what the firmware saves it to is in the space of the firmware, `fw`. Errors of the
    /// objects and queues.
    pub(crate) fn new(
        scheduler: &Arc<Scheduler<B>>,
        vm: &Vm<B>,
        fw: &Vm<B>,
        queues: &[QueueCreate],
    ) -> Result<Arc<Self>> {
        let saved = |size| KernelBo::new(fw, size, BO_NO_MMAP, VM_BIND_OP_MAP_NOEXEC, None);
        let suspend_buf = saved(SUSPEND_SIZES.0)?;
        let protm_suspend_buf = saved(SUSPEND_SIZES.1)?;
        let size = queues.len() as u64 * SYNCOBJ_SIZE;
        let syncobjs = KernelBo::new(vm, size, BO_NO_MMAP, SHARED, None)?;
        syncobjs.vmap()?.fill(0, size, 0)?;
        let queues: Result<Vec<_>> = queues.iter().map(|args| Queue::new(vm, fw, args)).collect();
        Ok(Arc::new(Self {
            scheduler: Arc::downgrade(scheduler),
            queues: queues?,
            _suspend_buf: suspend_buf,
            _protm_suspend_buf: protm_suspend_buf,
            syncobjs,
            vm: vm.clone(),
            fatal_queues: AtomicU32::new(0),
            timed_out: AtomicBool::new(false),
            destroyed: AtomicBool::new(false),
            resident: AtomicBool::new(false),
        }))
    }

    /// Its address space.
    #[must_use]
    pub fn vm(&self) -> &Vm<B> {
        &self.vm
    }

    /// The GPU.
    #[must_use]
    pub fn hw(&self) -> &Hw {
        self.vm.hw()
    }

    pub(super) fn queues(&self) -> &[Queue<B>] {
        &self.queues
    }

    /// Where the GPU counts the jobs of a queue.
    pub(super) fn syncobj(&self, queue: usize) -> u64 {
        self.syncobjs.gpuva() + queue as u64 * SYNCOBJ_SIZE
    }

    /// Whether it is in a slot of the firmware.
    #[must_use]
    pub fn is_resident(&self) -> bool {
        self.resident.load(Ordering::SeqCst)
    }

    /// Whether nothing went wrong, and nobody ended it (`group_can_run`).
    pub(super) fn can_run(&self) -> bool {
        let ended = self.timed_out.load(Ordering::SeqCst) || self.destroyed.load(Ordering::SeqCst);
        self.fatal_queues.load(Ordering::SeqCst) == 0 && !ended
    }

    /// Whether every queue is empty, or waits for memory (`group_is_idle`).
    pub(super) fn is_idle(&self) -> bool {
        self.queues
            .iter()
            .all(|queue| queue.is_idle() || queue.is_blocked() && !queue.check_syncwait(self))
    }

    /// Whether a queue waits for memory.
    pub(super) fn is_blocked(&self) -> bool {
        self.queues.iter().any(Queue::is_blocked)
    }

    pub(super) fn set_fatal(&self, queue: usize) {
        self.fatal_queues.fetch_or(1 << queue, Ordering::SeqCst);
    }

    pub(super) fn set_timed_out(&self) {
        self.timed_out.store(true, Ordering::SeqCst);
    }

    /// Lets the scheduler look at the group.
    pub(super) fn schedule(self: &Arc<Self>) {
        if let Some(scheduler) = self.scheduler.upgrade() {
            scheduler.schedule(self);
        }
    }

    /// Takes a slot: its address space needs one of the device's (`group_bind_locked`). Errors of [`Vm::active`].
    pub(super) fn bind(&self) -> Result {
        self.vm.active()?;
        self.resident.store(true, Ordering::SeqCst);
        Ok(())
    }

    /// Leaves its slot (`group_unbind_locked`).
    pub(super) fn unbind(&self) {
        if self.resident.swap(false, Ordering::SeqCst) {
            self.vm.idle();
        }
    }

    /// Signals the jobs that the firmware counted (`group_sync_upd_work`).
    pub(super) fn signal_done(&self, queue: usize) -> bool {
        let mut seqno = [0; 8];
        let read = self
            .syncobjs
            .kmap()
            .and_then(|map| map.read(queue as u64 * SYNCOBJ_SIZE, &mut seqno));
        read.is_ok() && self.queues[queue].signal_up_to(u64::from_le_bytes(seqno))
    }

    /// Ends all jobs: those of a queue that failed say so (`group_term_post_processing`). Whoever waits for a count is let go.
    pub(super) fn terminate(&self) {
        let fatal = self.fatal_queues.load(Ordering::SeqCst);
        let timed_out = self.timed_out.load(Ordering::SeqCst);
        for (queue, index) in self.queues.iter().zip(0..) {
            let seqno = queue.end(end_error(fatal & 1 << index != 0, timed_out));
            let at = index * SYNCOBJ_SIZE;
            let counted = [seqno.to_le_bytes(), u64::from(u32::MAX).to_le_bytes()].concat();
            // Without a mapping nobody can wait for the count either.
            let _written = self.syncobjs.kmap().and_then(|map| map.write(at, &counted));
        }
    }

    fn state(&self) -> GroupGetState {
        let fatal_queues = self.fatal_queues.load(Ordering::SeqCst);
        let mut state = 0;
        if self.timed_out.load(Ordering::SeqCst) {
            state |= GROUP_STATE_TIMEDOUT;
        }
        if fatal_queues != 0 {
            state |= GROUP_STATE_FATAL_FAULT;
        }
        GroupGetState {
            state,
            fatal_queues,
            ..GroupGetState::default()
        }
    }
}

/// The groups of a file, by handle: the lowest free one from 1 (`struct panthor_group_pool`).
pub struct GroupPool<B: BufferObject>(Mutex<BTreeMap<u32, Arc<Group<B>>>>);

impl<B: BufferObject> Default for GroupPool<B> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<B: BufferObject> GroupPool<B> {
    /// Gives a group a handle. `EBUSY` when the file has all it may have.
    pub(crate) fn add(&self, group: Arc<Group<B>>) -> Result<u32> {
        let mut groups = self.0.lock();
        let mut numbers = 1..=MAX_GROUPS_PER_POOL;
        let handle = numbers
            .find(|handle| !groups.contains_key(handle))
            .ok_or(Errno::EBUSY)?;
        groups.insert(handle, group);
        Ok(handle)
    }

    /// The group of a handle.
    #[must_use]
    pub fn get(&self, handle: u32) -> Option<Arc<Group<B>>> {
        self.0.lock().get(&handle).cloned()
    }

    /// Ends a group (`panthor_group_destroy`). `EINVAL` for an unknown handle.
    pub(crate) fn destroy_group(&self, handle: u32) -> Result {
        let group = self.0.lock().remove(&handle).ok_or(Errno::EINVAL)?;
        group.destroyed.store(true, Ordering::SeqCst);
        if group.is_resident() {
            if let Some(scheduler) = group.scheduler.upgrade() {
                scheduler.kick();
            }
        } else {
            group.terminate();
        }
        Ok(())
    }

    /// What became of a group (`panthor_group_get_state`); all fields are written. `EINVAL` for a pad, or an unknown handle.
    pub(crate) fn get_state(&self, args: &mut GroupGetState) -> Result {
        if args.pad != 0 {
            return Err(Errno::EINVAL);
        }
        *args = self.get(args.group_handle).ok_or(Errno::EINVAL)?.state();
        Ok(())
    }

    /// Ends all groups (`panthor_group_pool_destroy`).
    pub(crate) fn destroy(&self) {
        let handles: Vec<_> = self.0.lock().keys().copied().collect();
        for handle in handles {
            // Each was there a moment ago.
            let _ended = self.destroy_group(handle);
        }
    }
}

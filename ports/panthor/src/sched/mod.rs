//! Groups of queues on the firmware's slots (`panthor_sched.c`), as far as memory needs them: jobs that reach it through an
//! address space, heaps that grow, spaces that are active or idle.
//!
//! One tick does what the kernel does on several work queues: it runs when a system call is over, and the processor runs within.

mod group;
mod job;
mod oom;
mod queue;

use std::collections::VecDeque;

use drm_core::errno::Errno;
use drm_core::sync::{Arc, Mutex, MutexGuard};

use crate::bo::BufferObject;
use crate::hw::{Hw, Stop};
use crate::mmu::Mmu;

pub(crate) use self::group::check as check_group;
pub use self::group::{Group, GroupPool};
pub(crate) use self::job::GroupJob;
pub use self::oom::OomAnswer;

/// What happens elsewhere while a heap grows.
type Meanwhile<B> = Box<dyn FnOnce(&Scheduler<B>) + Send>;

struct State<B: BufferObject> {
    /// Who is in each slot of the firmware.
    slots: Vec<Option<Arc<Group<B>>>>,
    /// Groups that wait for one.
    runnable: VecDeque<Arc<Group<B>>>,
    /// Groups all of whose work waits for memory.
    waiting: Vec<Arc<Group<B>>>,
    ticking: bool,
}

/// The scheduler of one device (`struct panthor_scheduler`).
pub struct Scheduler<B: BufferObject> {
    hw: Arc<Hw>,
    mmu: Arc<Mmu>,
    state: Mutex<State<B>>,
    answers: Mutex<Vec<OomAnswer>>,
    meanwhile: Mutex<Option<Meanwhile<B>>>,
}

impl<B: BufferObject> Scheduler<B> {
    /// Empty slots.
    pub(crate) fn new(hw: &Arc<Hw>, mmu: &Arc<Mmu>) -> Arc<Self> {
        let slots = hw.config().csif.csg_slot_count;
        Arc::new(Self {
            hw: Arc::clone(hw),
            mmu: Arc::clone(mmu),
            state: Mutex::new(State {
                slots: (0..slots).map(|_| None).collect(),
                runnable: VecDeque::new(),
                waiting: Vec::new(),
                ticking: false,
            }),
            answers: Mutex::default(),
            meanwhile: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State<B>> {
        self.state.lock()
    }

    /// What the firmware was answered when a heap ran out, since the last call.
    #[must_use]
    pub fn take_oom_answers(&self) -> Vec<OomAnswer> {
        std::mem::take(&mut self.answers.lock())
    }

    /// Lets `meanwhile` happen, once, while the next heap grows: no lock of the scheduler is held then.
    pub fn while_heap_grows(&self, meanwhile: impl FnOnce(&Self) + Send + 'static) {
        *self.meanwhile.lock() = Some(Box::new(meanwhile));
    }

    /// A group has work (`group_schedule_locked`).
    pub(crate) fn schedule(self: &Arc<Self>, group: &Arc<Group<B>>) {
        let mut state = self.state();
        let is_in = |other: &Arc<Group<B>>| Arc::ptr_eq(other, group);
        let waits = state.runnable.iter().chain(&state.waiting).any(is_in);
        let known = waits || state.slots.iter().flatten().any(is_in);
        if !known && group.can_run() {
            state.runnable.push_back(Arc::clone(group));
        }
        drop(state);
        self.kick();
    }

    /// Has a tick run when the system call is over (`sched_queue_delayed_work(tick)`).
    pub(crate) fn kick(self: &Arc<Self>) {
        let scheduler = Arc::clone(self);
        self.hw.machine().task_work(move || scheduler.tick());
    }

    /// Takes groups that may not run off their slots, puts those that wait on free ones, and lets all run until nobody gets
    /// further (`tick_work`). Groups that have nothing to do give their slot up.
    pub fn tick(self: &Arc<Self>) {
        if std::mem::replace(&mut self.state().ticking, true) {
            return;
        }
        loop {
            self.evict();
            self.place();
            if !self.run_all() {
                break;
            }
        }
        self.evict();
        self.state().ticking = false;
    }

    /// Every group leaves its slot, as before the device sleeps (`panthor_sched_suspend`); the next tick may put it back.
    pub fn suspend(&self) {
        let mut state = self.state();
        let groups: Vec<_> = state.slots.iter_mut().filter_map(Option::take).collect();
        groups.iter().for_each(|group| group.unbind());
        state.runnable.extend(groups);
    }

    /// The device goes: nothing runs any more (`panthor_sched_unplug`).
    pub(crate) fn unplug(&self) {
        self.suspend();
        let mut state = self.state();
        let groups = (
            std::mem::take(&mut state.runnable),
            std::mem::take(&mut state.waiting),
        );
        drop(state);
        drop(groups);
    }

    /// Groups in slots.
    #[must_use]
    pub fn resident(&self) -> usize {
        self.state().slots.iter().flatten().count()
    }

    fn evict(&self) {
        let leaves = |group: &mut Arc<Group<B>>| !group.can_run() || group.is_idle();
        let mut state = self.state();
        let mut gone: Vec<_> = state
            .slots
            .iter_mut()
            .filter_map(|slot| slot.take_if(leaves))
            .collect();
        drop(state);
        for group in &gone {
            group.unbind();
        }
        let mut state = self.state();
        let blocked = gone
            .iter()
            .filter(|group| group.can_run() && group.is_blocked());
        state.waiting.extend(blocked.cloned());
        let State {
            runnable, waiting, ..
        } = &mut *state;
        // Those whose wait is over can run; those that failed end.
        let over = waiting.extract_if(.., |group| !group.can_run() || !group.is_idle());
        runnable.extend(over);
        let dead: Vec<_> = runnable
            .iter()
            .filter(|group| !group.can_run())
            .cloned()
            .collect();
        runnable.retain(|group| group.can_run());
        drop(state);
        gone.extend(dead);
        for group in gone.iter().filter(|group| !group.can_run()) {
            group.terminate();
        }
    }

    /// Groups in the order in which they had work; each needs its address space in a slot of the device, too.
    fn place(&self) {
        loop {
            let mut state = self.state();
            let Some(free) = state.slots.iter().position(Option::is_none) else {
                return;
            };
            let Some(group) = state.runnable.pop_front() else {
                return;
            };
            if group.is_idle() {
                continue;
            }
            match group.bind() {
                Ok(()) => state.slots[free] = Some(group),
                Err(_) => {
                    // Tried again at the next tick, when a space may have become idle.
                    state.runnable.push_front(group);
                    return;
                }
            }
        }
    }

    /// Lets the queues of every resident group run; whether one got further.
    fn run_all(self: &Arc<Self>) -> bool {
        let groups: Vec<_> = self.state().slots.iter().flatten().cloned().collect();
        let mut progress = false;
        for group in groups {
            progress |= self.run_group(&group);
        }
        progress
    }

    fn run_group(self: &Arc<Self>, group: &Arc<Group<B>>) -> bool {
        let mut progress = false;
        for (index, queue) in group.queues().iter().enumerate() {
            progress |= queue.push_pending(group);
            if !group.can_run()
                || !group.is_resident()
                || queue.is_idle()
                || !queue.check_syncwait(group)
            {
                continue;
            }
            let Ok(slot) = u32::try_from(group.vm().slot().id()) else {
                continue;
            };
            let stop = queue.run(&self.hw, slot);
            progress |= group.signal_done(index);
            match stop {
                Stop::Idle => {}
                Stop::Blocked(wait) => queue.block(wait),
                Stop::TilerOom(heap) => {
                    self.process_tiler_oom(group, index, heap);
                    progress = true;
                }
                Stop::Fault(_) => {
                    // The slot is disabled first, then the groups on it go.
                    if self.mmu.irq_handler() {
                        group.set_fatal(index);
                    }
                    progress = true;
                }
                Stop::Fatal => {
                    group.set_fatal(index);
                    progress = true;
                }
                Stop::Timeout => {
                    group.set_timed_out();
                    progress = true;
                }
            }
        }
        progress
    }
}

/// What the fences of a group's jobs say when it ends (`group_term_post_processing`).
fn end_error(fatal: bool, timed_out: bool) -> Errno {
    match (fatal, timed_out) {
        (true, _) => Errno::EINVAL,
        (false, true) => Errno::ETIMEDOUT,
        (false, false) => Errno::ECANCELED,
    }
}

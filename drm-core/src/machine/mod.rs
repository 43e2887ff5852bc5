//! The simulated machine: RAM and swap of a set size, reclaim, deferred work, failure injection, figures, trace.

mod clock;
mod counters;
mod failpoints;
mod reclaim;
mod shmem;
mod swap;
mod task_work;
mod timer;
mod trace;
mod user;

use std::collections::BTreeSet;
use std::ops::Deref;

pub use clock::{Clock, Deadline};
pub use counters::{Counter, Counters, Snapshot};
pub use failpoints::{Fail, Failpoints};
pub use reclaim::{ScanResult, ShrinkControl, Shrinker};
pub use shmem::ShmemFile;
pub use task_work::Syscall;
pub use trace::{Event, Trace};
pub use user::UserMemory;

use crate::errno::Result;
use crate::memory::{Frames, Ram};
use crate::sync::{Arc, Mutex, Weak};

/// What a machine has.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Physical address of the first byte of RAM.
    pub ram_base: u64,
    /// Bytes of RAM.
    pub ram: u64,
    /// Bytes of swap; 0 for none.
    pub swap: u64,
    /// Whether shmem files use 2 MiB folios where a whole one fits (`huge=within_size`).
    pub huge_pages: bool,
    /// Whether swap-out drops pages that were put without a dirty mark, as the page cache may.
    pub lose_clean_pages: bool,
}

impl Default for Config {
    /// 256 MiB of RAM from 2 GiB on, 64 MiB of swap, small pages.
    fn default() -> Self {
        Self {
            ram_base: 0x8000_0000,
            ram: 256 << 20,
            swap: 64 << 20,
            huge_pages: false,
            lose_clean_pages: false,
        }
    }
}

/// One machine. A clone is the same machine.
#[derive(Clone, Debug)]
pub struct Machine(Arc<Parts>);

/// What the machine consists of; reached through [`Machine`].
#[derive(Debug)]
pub struct Parts {
    config: Config,
    ram: Arc<Ram>,
    frames: Arc<Frames>,
    counters: Arc<Counters>,
    failpoints: Arc<Failpoints>,
    clock: Clock,
    idle: clock::Idle,
    trace: Trace,
    warned_once: Mutex<BTreeSet<&'static str>>,
    reclaim: reclaim::Registry,
    swap: swap::Swap,
    shmem: shmem::Commit,
    task_work: task_work::TaskWork,
    dma_bufs: crate::prime::Registry,
    timers: timer::Timers,
    user: UserMemory,
}

impl Deref for Machine {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Machine {
    /// A machine after power-on. `ENOMEM` when the host cannot give the RAM, `EINVAL` for a size that is not whole pages.
    pub fn new(config: Config) -> Result<Self> {
        let ram = Arc::new(Ram::new(config.ram_base, crate::page_align(config.ram))?);
        let counters = Arc::new(Counters::default());
        let failpoints = Arc::new(Failpoints::default());
        let frames = Frames::new(
            Arc::clone(&ram),
            Arc::clone(&counters),
            Arc::clone(&failpoints),
        );
        let parts = Arc::new(Parts {
            config,
            ram,
            frames,
            counters,
            failpoints,
            clock: Clock::default(),
            idle: clock::Idle::default(),
            trace: Trace::default(),
            warned_once: Mutex::default(),
            reclaim: reclaim::Registry::default(),
            swap: swap::Swap::new(config.swap / crate::PAGE_SIZE),
            shmem: shmem::Commit::default(),
            task_work: task_work::TaskWork::default(),
            dma_bufs: crate::prime::Registry::default(),
            timers: timer::Timers::default(),
            user: UserMemory::default(),
        });
        let weak: Weak<Parts> = Arc::downgrade(&parts);
        parts.frames.set_reclaim(Box::new(move |pages| {
            weak.upgrade().map_or(0, |parts| {
                Machine(parts).reclaim(pages, ShrinkControl::direct(pages))
            })
        }));
        Ok(Self(parts))
    }

    /// Whether both are the same machine.
    #[must_use]
    pub fn is(&self, other: &Machine) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Parts {
    /// What the machine was built with.
    #[must_use]
    pub fn config(&self) -> Config {
        self.config
    }

    /// Its RAM.
    #[must_use]
    pub fn ram(&self) -> &Arc<Ram> {
        &self.ram
    }

    /// Its page allocator.
    #[must_use]
    pub fn frames(&self) -> &Arc<Frames> {
        &self.frames
    }

    /// Exact operation counts.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Failure injection.
    #[must_use]
    pub fn failpoints(&self) -> &Failpoints {
        &self.failpoints
    }

    /// Simulated time.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// What pointers of user space point to.
    #[must_use]
    pub fn user(&self) -> &UserMemory {
        &self.user
    }

    /// What was recorded.
    #[must_use]
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    pub(crate) fn dma_bufs(&self) -> &crate::prime::Registry {
        &self.dma_bufs
    }

    /// `drm_WARN_ON`: records that something that must not happen happened. `site` names the place, as `file: condition`.
    pub fn warn(&self, site: &'static str) {
        self.trace.record(Event::Warning(site));
    }

    /// `drm_WARN_ON_ONCE`: as [`Parts::warn`], but the first time only.
    pub fn warn_once(&self, site: &'static str) {
        if self.warned_once.lock().insert(site) {
            self.warn(site);
        }
    }

    /// Lets every [`Parts::warn_once`] speak again (`clear_warn_once` of debugfs).
    pub fn clear_warn_once(&self) {
        self.warned_once.lock().clear();
    }

    /// Records that the kernel would have crashed here: the operation reports what broke instead.
    pub fn oops(&self, what: impl Into<String>) {
        self.trace.record(Event::Oops(what.into()));
    }
}

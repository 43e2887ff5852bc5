//! Where processes have an object mapped, and what becomes of that (`amdxdna_hmm_*`, `struct amdxdna_umap`).
//!
//! A device that shares a process's addresses sees an object where the process has it: the address is that of the first mapping.

use drm_core::PAGE_SHIFT;
use drm_core::errno::{Errno, Result};
use drm_core::machine::{Deadline, Machine};
use drm_core::mmap::{Interval, IntervalNotifier, Invalidation, NewVma};
use drm_core::resv::{Resv, Usage};
use drm_core::sync::atomic::{AtomicBool, Ordering};
use drm_core::sync::{Arc, Mutex, Weak};

use crate::device::AmdxdnaDevice;
use crate::task::Task;
use crate::uapi::INVALID_ADDR;

/// How long mappings may go on changing while they are looked up, in nanoseconds (`HMM_RANGE_DEFAULT_TIMEOUT`).
const TIMEOUT: u64 = 1_000_000_000;
/// Nanoseconds that one look takes.
const LOOK: u64 = 1_000_000;

/// One mapping.
struct Umap {
    start: u64,
    len: u64,
    /// What the device may have cached of it is stale.
    invalid: AtomicBool,
    /// Its end is queued.
    unmapped: AtomicBool,
    interval: Mutex<Option<Interval>>,
    of: Weak<UserMaps>,
    resv: Resv,
}

struct State {
    uva: u64,
    umaps: Vec<Arc<Umap>>,
    invalid: bool,
}

/// The mappings of one object.
pub(crate) struct UserMaps {
    device: Arc<AmdxdnaDevice>,
    state: Mutex<State>,
}

/// The watcher of a mapping: it does not keep it.
struct Watch(Weak<Umap>);

impl IntervalNotifier for Watch {
    /// `amdxdna_hmm_invalidate`: waits for every job that uses the object, for as long as that takes.
    fn invalidate(&self, event: Invalidation) {
        let Some((umap, maps)) = self.0.upgrade().and_then(|umap| {
            let maps = umap.of.upgrade()?;
            Some((umap, maps))
        }) else {
            return;
        };
        let machine = maps.device.machine();
        {
            let _notifier_lock = maps.device.lock_notifiers();
            umap.invalid.store(true, Ordering::SeqCst);
            maps.state.lock().invalid = true;
        }
        let idle = || umap.resv.test_signaled(Usage::Bookkeep);
        if machine.wait_until(Deadline::Never, idle).is_err() {
            machine.warn("amdxdna_gem.c: a fence never signalled");
        }
        if event == Invalidation::Unmap && !umap.unmapped.swap(true, Ordering::SeqCst) {
            maps.queue_unregister(&umap);
        }
    }
}

impl UserMaps {
    pub(crate) fn new(device: &Arc<AmdxdnaDevice>) -> Arc<Self> {
        Arc::new(Self {
            device: Arc::clone(device),
            state: Mutex::new(State {
                uva: INVALID_ADDR,
                umaps: Vec::new(),
                invalid: false,
            }),
        })
    }

    /// Where the object is mapped, all ones if it is not.
    pub(crate) fn uva(&self) -> u64 {
        self.state.lock().uva
    }

    /// Mappings that are watched.
    pub(crate) fn count(&self) -> usize {
        self.state.lock().umaps.len()
    }

    /// Whether a mapping changed since it was last looked up (`map_invalid`).
    pub(crate) fn is_invalid(&self) -> bool {
        self.state.lock().invalid
    }

    /// A mapping is being made (`amdxdna_hmm_register`). It is watched where the device shares addresses: the first sets the address of
    /// the object. Elsewhere only the address is kept, of the last.
    pub(crate) fn register(self: &Arc<Self>, vma: &NewVma, resv: &Resv) -> Registered {
        if !self.device.is_sva() {
            self.state.lock().uva = vma.start();
            return Registered(None);
        }
        let umap = Arc::new(Umap {
            start: vma.start(),
            len: vma.pages() << PAGE_SHIFT,
            invalid: AtomicBool::new(false),
            unmapped: AtomicBool::new(false),
            interval: Mutex::default(),
            of: Arc::downgrade(self),
            resv: resv.clone(),
        });
        let watch = Arc::new(Watch(Arc::downgrade(&umap)));
        let interval = vma.notifiers().insert(umap.start, umap.len, watch);
        *umap.interval.lock() = Some(interval);
        let mut state = self.state.lock();
        if state.umaps.is_empty() {
            state.uva = umap.start;
        }
        state.umaps.push(Arc::clone(&umap));
        Registered(Some(umap))
    }

    /// The mapping came to nothing: it is forgotten, later.
    pub(crate) fn take_back(self: &Arc<Self>, registered: Registered) {
        if let Registered(Some(umap)) = registered
            && !umap.unmapped.swap(true, Ordering::SeqCst)
        {
            self.queue_unregister(&umap);
        }
    }

    /// The work of the notifier's queue (`amdxdna_hmm_unreg_work`).
    fn queue_unregister(self: &Arc<Self>, umap: &Arc<Umap>) {
        let machine: &Machine = self.device.machine();
        let (maps, umap) = (Arc::downgrade(self), Arc::clone(umap));
        machine.at(machine.clock().now(), move || {
            if let Some(maps) = maps.upgrade() {
                maps.unregister(&umap);
            }
        });
    }

    fn unregister(&self, umap: &Arc<Umap>) {
        let interval = umap.interval.lock().take();
        drop(interval);
        let mut state = self.state.lock();
        state.umaps.retain(|other| !Arc::ptr_eq(other, umap));
        if state.umaps.is_empty() {
            state.uva = INVALID_ADDR;
        }
    }

    /// Nobody watches any more: the object dies.
    pub(crate) fn end(&self) {
        let umaps = self.state.lock().umaps.clone();
        umaps.iter().for_each(|umap| self.unregister(umap));
    }

    /// Looks up the mappings that changed (`amdxdna_hmm_range_fault` for each). `EFAULT` for a process that is gone, or pages that
    /// cannot be had; `ETIME` when they go on changing.
    ///
    /// An object without any mapping is fine, wherever the device then looks for it.
    pub(crate) fn populate(&self, task: &Weak<Task>) -> Result {
        let machine = self.device.machine();
        let until = machine.clock().now() + TIMEOUT;
        loop {
            let umaps = self.state.lock().umaps.clone();
            let Some(umap) = umaps
                .iter()
                .find(|umap| umap.invalid.load(Ordering::SeqCst))
            else {
                self.state.lock().invalid = false;
                return Ok(());
            };
            let task = task.upgrade().ok_or(Errno::EFAULT)?;
            match task.range_fault(umap.start, umap.len) {
                Ok(()) => umap.invalid.store(false, Ordering::SeqCst),
                Err(Errno::EBUSY) if machine.clock().now() >= until => return Err(Errno::ETIME),
                Err(Errno::EBUSY) => machine.sleep(LOOK),
                Err(error) => return Err(error),
            }
        }
    }
}

/// A mapping that is being made: watched, or not.
#[must_use = "a mapping that comes to nothing is taken back"]
pub(crate) struct Registered(Option<Arc<Umap>>);

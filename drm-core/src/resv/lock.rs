//! The lock: a ww-mutex of the wait-die kind, as `reservation_ww_class` is.
//!
//! Two transactions that want the same locks in different order cannot deadlock: each holds a [`Ticket`], and the younger one
//! is told to back off (`EDEADLK`) instead of waiting for the older.

use std::sync::atomic::{AtomicU64 as StdU64, Ordering as StdOrdering};

use super::fence::{Fence, Usage};
use crate::errno::{Errno, Result};
use crate::machine::{Fail, Machine};
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Arc, Condvar, Mutex};

static STAMPS: StdU64 = StdU64::new(1);

/// An acquire context (`struct ww_acquire_ctx`): the older stamp wins.
#[derive(Debug)]
pub struct Ticket {
    stamp: u64,
    /// Locks held with it. Who holds none cannot be part of a deadlock, and waits.
    acquired: Arc<AtomicUsize>,
}

impl Ticket {
    /// A ticket younger than all before it (`ww_acquire_init`).
    #[must_use]
    #[expect(
        clippy::new_without_default,
        reason = "a new ticket is an event, not a default value"
    )]
    pub fn new() -> Self {
        Self {
            stamp: STAMPS.fetch_add(1, StdOrdering::Relaxed),
            acquired: Arc::default(),
        }
    }

    /// Locks held with it.
    #[must_use]
    pub fn acquired(&self) -> usize {
        self.acquired.load(Ordering::SeqCst)
    }

    /// Its age: smaller is older.
    #[must_use]
    pub fn stamp(&self) -> u64 {
        self.stamp
    }
}

#[derive(Debug, Default)]
struct Holder {
    held: bool,
    /// The stamp of the ticket it was locked with.
    stamp: Option<u64>,
}

#[derive(Debug, Default)]
struct Fences {
    list: Vec<(Fence, Usage)>,
    /// Slots that `add` may still use (`dma_resv_reserve_fences`).
    reserved: usize,
}

#[derive(Debug)]
struct Inner {
    machine: Machine,
    holder: Mutex<Holder>,
    released: Condvar,
    fences: Mutex<Fences>,
}

/// A reservation object (`struct dma_resv`). A clone is the same object; objects may share one.
#[derive(Clone, Debug)]
pub struct Resv(Arc<Inner>);

/// Proof that a [`Resv`] is locked. Dropping it unlocks.
///
/// Holding it tells you that nobody else changes what this reservation protects; not that the fences have signalled.
#[derive(Debug)]
#[must_use = "the reservation is unlocked when the guard is dropped"]
pub struct ResvGuard {
    resv: Resv,
    /// The count of the ticket that it was locked with.
    acquired: Option<Arc<AtomicUsize>>,
}

impl Resv {
    /// An unlocked reservation without fences.
    #[must_use]
    pub fn new(machine: &Machine) -> Self {
        Self(Arc::new(Inner {
            machine: machine.clone(),
            holder: Mutex::default(),
            released: Condvar::new(),
            fences: Mutex::default(),
        }))
    }

    /// Whether both are the same reservation.
    #[must_use]
    pub fn is(&self, other: &Resv) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    fn take(&self, holder: &mut Holder, ticket: Option<&Ticket>) -> ResvGuard {
        let stamp = ticket.map(Ticket::stamp);
        *holder = Holder { held: true, stamp };
        self.0.machine.counters().resv_locked.add(1);
        let acquired = ticket.map(|ticket| Arc::clone(&ticket.acquired));
        if let Some(acquired) = &acquired {
            acquired.fetch_add(1, Ordering::SeqCst);
        }
        ResvGuard {
            resv: self.clone(),
            acquired,
        }
    }

    /// Waits for the lock, no matter how long (`dma_resv_lock(resv, NULL)`).
    pub fn lock(&self) -> ResvGuard {
        let mut holder = self.0.holder.lock();
        while holder.held {
            holder = self.0.released.wait(holder);
        }
        self.take(&mut holder, None)
    }

    /// As [`Resv::lock`]; `EINTR` when a signal arrives first (`dma_resv_lock_interruptible`).
    pub fn lock_interruptible(&self) -> Result<ResvGuard> {
        self.0.machine.failpoints().check(Fail::Signal)?;
        Ok(self.lock())
    }

    /// The lock if nobody holds it (`dma_resv_trylock`).
    pub fn try_lock(&self) -> Option<ResvGuard> {
        let mut holder = self.0.holder.lock();
        if holder.held {
            self.0.machine.counters().resv_contended.add(1);
            return None;
        }
        Some(self.take(&mut holder, None))
    }

    /// Locks as part of a transaction (`dma_resv_lock(resv, ctx)`).
    ///
    /// `EALREADY` when this ticket holds it already; `EDEADLK` when an older ticket holds it and this one holds another lock:
    /// drop every lock of the transaction, take this one with [`Resv::lock_slow`], and begin again.
    pub fn lock_ticket(&self, ticket: &Ticket) -> Result<ResvGuard> {
        let mut holder = self.0.holder.lock();
        while holder.held {
            match holder.stamp {
                Some(stamp) if stamp == ticket.stamp => return Err(Errno::EALREADY),
                Some(stamp) if stamp < ticket.stamp && ticket.acquired() > 0 => {
                    return Err(Errno::EDEADLK);
                }
                _ => holder = self.0.released.wait(holder),
            }
        }
        Ok(self.take(&mut holder, Some(ticket)))
    }

    /// As [`Resv::lock_ticket`]; `EINTR` when a signal arrives first (`dma_resv_lock_interruptible(resv, ctx)`).
    pub fn lock_ticket_interruptible(&self, ticket: &Ticket) -> Result<ResvGuard> {
        self.0.machine.failpoints().check(Fail::Signal)?;
        self.lock_ticket(ticket)
    }

    /// Waits for a lock that was refused with `EDEADLK`, holding no other (`dma_resv_lock_slow`).
    pub fn lock_slow(&self, ticket: &Ticket) -> ResvGuard {
        let mut holder = self.0.holder.lock();
        while holder.held {
            holder = self.0.released.wait(holder);
        }
        self.take(&mut holder, Some(ticket))
    }

    /// As [`Resv::lock_slow`]; `EINTR` when a signal arrives first (`dma_resv_lock_slow_interruptible`).
    pub fn lock_slow_interruptible(&self, ticket: &Ticket) -> Result<ResvGuard> {
        self.0.machine.failpoints().check(Fail::Signal)?;
        Ok(self.lock_slow(ticket))
    }

    /// Whether anybody holds the lock (`dma_resv_is_locked`).
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.0.holder.lock().held
    }

    /// Whether every fence that a user of kind `usage` must wait for has signalled (`dma_resv_test_signaled`). Needs no
    /// lock.
    #[must_use]
    pub fn test_signaled(&self, usage: Usage) -> bool {
        self.fences(usage).iter().all(Fence::is_signaled)
    }

    /// The fences that a user of kind `usage` must wait for. Needs no lock.
    #[must_use]
    pub fn fences(&self, usage: Usage) -> Vec<Fence> {
        let fences = self.0.fences.lock();
        fences
            .list
            .iter()
            .filter(|(_, used)| *used <= usage)
            .map(|(fence, _)| fence.clone())
            .collect()
    }
}

impl ResvGuard {
    /// The reservation that is locked.
    #[must_use]
    pub fn resv(&self) -> &Resv {
        &self.resv
    }

    /// Whether this guard locks `resv`.
    #[must_use]
    pub fn locks(&self, resv: &Resv) -> bool {
        self.resv.is(resv)
    }

    /// Makes room for `n` fences (`dma_resv_reserve_fences`). `ENOMEM`.
    pub fn reserve_fences(&mut self, n: usize) -> Result {
        self.resv.0.machine.failpoints().check(Fail::Alloc)?;
        let mut fences = self.resv.0.fences.lock();
        fences.list.retain(|(fence, _)| !fence.is_signaled());
        fences.reserved = fences.reserved.max(n);
        Ok(())
    }

    /// Adds a fence; it takes the place of an earlier one of the same sequence and usage, or of one that has signalled
    /// (`dma_resv_add_fence`).
    ///
    /// Raises a warning when no slot was reserved for it.
    pub fn add_fence(&mut self, fence: &Fence, usage: Usage) {
        let mut fences = self.resv.0.fences.lock();
        let replaced = fences.list.iter_mut().find(|(old, used)| {
            let same_sequence = old.context() == fence.context() && *used >= usage;
            (same_sequence && (fence.is_later(old) || fence.is(old))) || old.is_signaled()
        });
        if let Some(slot) = replaced {
            *slot = (fence.clone(), usage);
            return;
        }
        match fences.reserved.checked_sub(1) {
            Some(left) => fences.reserved = left,
            None => self
                .resv
                .0
                .machine
                .warn("dma-resv: fence added without a reserved slot"),
        }
        fences.list.push((fence.clone(), usage));
    }
}

impl Drop for ResvGuard {
    fn drop(&mut self) {
        if let Some(acquired) = &self.acquired {
            acquired.fetch_sub(1, Ordering::SeqCst);
        }
        self.resv.0.fences.lock().reserved = 0;
        *self.resv.0.holder.lock() = Holder::default();
        self.resv.0.released.notify_all();
    }
}

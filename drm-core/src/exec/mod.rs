//! Locking a set of objects that nobody knows in advance, in any order, without deadlock (`drm_exec`).
//!
//! A transaction has one [`Ticket`]. When an older transaction holds what this one wants, everything is unlocked, the
//! contended object is waited for first, and the whole is tried again:
//!
//! ```
//! # use drm_core::exec::{Exec, Flags};
//! # use drm_core::gem::Gem;
//! # fn submit(objects: &[Gem]) -> drm_core::Result {
//! let mut exec = Exec::new(Flags::INTERRUPTIBLE_WAIT);
//! exec.until_all_locked(|exec| exec.prepare_all(objects, 1))?;
//! // Everything is locked here, until `exec` is dropped.
//! # Ok(())
//! # }
//! ```

use crate::errno::{Errno, Result};
use crate::gem::Gem;
use crate::gpuvm::LockSet;
use crate::machine::Fail;
use crate::resv::{Fence, Resv, ResvGuard, Ticket, Usage};

bitflags::bitflags! {
    /// How a set is locked (`DRM_EXEC_*`).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Flags: u32 {
        /// A signal ends a wait, with `EINTR`.
        const INTERRUPTIBLE_WAIT = 1;
        /// An object that is locked already is no error.
        const IGNORE_DUPLICATES = 1 << 1;
    }
}

/// Objects tracked before the array must grow, and by how many it grows.
const STEP: usize = 512;

/// The lock goes before the reference: it may be the last one.
struct Locked {
    guard: ResvGuard,
    object: Gem,
}

/// The locked set (`struct drm_exec`). Dropping it unlocks in reverse order and drops the references (`drm_exec_fini`).
///
/// # Invariants
///
/// While an object is contended, nothing may be locked until it was waited for. Every guard was taken with `ticket`.
pub struct Exec {
    flags: Flags,
    /// `None` before the first round.
    ticket: Option<Ticket>,
    locked: Vec<Locked>,
    room: usize,
    /// What an older transaction holds.
    contended: Option<Gem>,
    /// What was waited for, locked before its turn.
    prelocked: Option<Locked>,
}

impl std::fmt::Debug for Exec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exec")
            .field("flags", &self.flags)
            .field("locked", &self.locked.len())
            .field("contended", &self.contended.is_some())
            .finish_non_exhaustive()
    }
}

impl Exec {
    /// An empty set (`drm_exec_init`).
    #[must_use]
    pub fn new(flags: Flags) -> Self {
        Self {
            flags,
            ticket: None,
            locked: Vec::new(),
            room: STEP,
            contended: None,
            prelocked: None,
        }
    }

    /// Runs `attempt` until nothing was contended (`drm_exec_until_all_locked`). `attempt` locks what it needs, and hands the
    /// errors of [`Exec::lock`] on; it must do nothing that cannot be done twice.
    ///
    /// The error of `attempt`, but never `EDEADLK`. What is locked stays locked, also after an error, until the set is dropped.
    pub fn until_all_locked<T>(
        &mut self,
        mut attempt: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<T> {
        loop {
            self.begin_round();
            let result = attempt(self);
            if self.contended.is_none() {
                // It was waited for, and then not asked for: the object is going away.
                self.prelocked = None;
                return result;
            }
        }
    }

    /// The first round gets the ticket, a later one starts with nothing locked (`drm_exec_cleanup`).
    fn begin_round(&mut self) {
        self.ticket.get_or_insert_with(Ticket::new);
        if self.contended.is_some() {
            self.unlock_all();
        }
    }

    /// Locks an object, and takes a reference to it (`drm_exec_lock_obj`).
    ///
    /// `EDEADLK` when an older transaction holds it: the round is over. `EALREADY` when this set holds its reservation, by this
    /// object or by another, and duplicates are not ignored. `EINTR`, `ENOMEM`.
    pub fn lock(&mut self, object: &Gem) -> Result {
        self.wait_for_contended()?;
        let own = self.prelocked.take_if(|locked| locked.object.is(object));
        let guard = match own {
            Some(locked) => locked.guard,
            None => match self.lock_resv(object) {
                Ok(guard) => guard,
                Err(Errno::EDEADLK) => {
                    self.contended = Some(object.clone());
                    return Err(Errno::EDEADLK);
                }
                Err(Errno::EALREADY) if self.flags.contains(Flags::IGNORE_DUPLICATES) => {
                    return Ok(());
                }
                Err(error) => return Err(error),
            },
        };
        if self.locked.len() == self.room {
            object.gem().machine().failpoints().check(Fail::Alloc)?;
            self.room += STEP;
        }
        let object = object.clone();
        self.locked.push(Locked { object, guard });
        Ok(())
    }

    fn lock_resv(&mut self, object: &Gem) -> Result<ResvGuard> {
        let ticket = self.ticket.get_or_insert_with(Ticket::new);
        let resv = object.gem().resv();
        if self.flags.contains(Flags::INTERRUPTIBLE_WAIT) {
            resv.lock_ticket_interruptible(ticket)
        } else {
            resv.lock_ticket(ticket)
        }
    }

    /// Waits for what ended the last round, holding nothing else (`drm_exec_lock_contended`).
    fn wait_for_contended(&mut self) -> Result {
        let Some(object) = self.contended.take() else {
            return Ok(());
        };
        let ticket = self.ticket.get_or_insert_with(Ticket::new);
        let resv = object.gem().resv();
        let guard = if self.flags.contains(Flags::INTERRUPTIBLE_WAIT) {
            resv.lock_slow_interruptible(ticket)?
        } else {
            resv.lock_slow(ticket)
        };
        self.prelocked = Some(Locked { object, guard });
        Ok(())
    }

    /// Unlocks one object of the set (`drm_exec_unlock_obj`); nothing happens for one that is not in it.
    pub fn unlock(&mut self, object: &Gem) {
        let at = self
            .locked
            .iter()
            .rposition(|locked| locked.object.is(object));
        if let Some(at) = at {
            self.locked.remove(at);
        }
    }

    /// Locks an object and makes room for `fences` fences (`drm_exec_prepare_obj`). Errors of [`Exec::lock`]; without memory for
    /// the fences the object is unlocked again.
    pub fn prepare(&mut self, object: &Gem, fences: usize) -> Result {
        self.lock(object)?;
        let Some(guard) = self.guard(object) else {
            return Ok(());
        };
        guard
            .reserve_fences(fences)
            .inspect_err(|_| self.unlock(object))
    }

    /// [`Exec::prepare`] for each object; ends at the first error (`drm_exec_prepare_array`).
    pub fn prepare_all(&mut self, objects: &[Gem], fences: usize) -> Result {
        // Without objects, too, or the transaction would never end.
        self.wait_for_contended()?;
        objects
            .iter()
            .try_for_each(|object| self.prepare(object, fences))
    }

    /// The guard of an object's reservation, if this set holds it, by whatever object.
    pub fn guard(&mut self, object: &Gem) -> Option<&mut ResvGuard> {
        let resv = object.gem().resv();
        let mut guards = self.locked.iter_mut().map(|locked| &mut locked.guard);
        guards.find(|guard| guard.locks(resv))
    }

    /// The objects of the set, in the order in which they were locked; duplicates that were ignored are not among them.
    pub fn objects(&self) -> impl ExactSizeIterator<Item = &Gem> {
        self.locked.iter().map(|locked| &locked.object)
    }

    /// Adds a fence to every reservation of the set (`drm_gpuvm.c: drm_gpuvm_resv_add_fence`, with one usage for all). Room for it was
    /// made by [`Exec::prepare`].
    pub fn add_fence(&mut self, fence: &Fence, usage: Usage) {
        for locked in &mut self.locked {
            locked.guard.add_fence(fence, usage);
        }
    }

    fn unlock_all(&mut self) {
        while self.locked.pop().is_some() {}
        self.prelocked = None;
    }
}

impl Drop for Exec {
    fn drop(&mut self) {
        self.unlock_all();
    }
}

impl LockSet for Exec {
    fn prepare(&mut self, object: &Gem, fences: usize) -> Result {
        self.lock(object)?;
        match self.guard(object) {
            Some(guard) if fences > 0 => guard.reserve_fences(fences),
            _ => Ok(()),
        }
    }

    fn holds(&self, resv: &Resv) -> bool {
        self.locked.iter().any(|locked| locked.guard.locks(resv))
    }
}

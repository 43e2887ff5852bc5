//! Locks of several reservations at once (`struct drm_exec`).

use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::gpuvm::LockSet;
use drm_core::resv::{Fence, Resv, ResvGuard, Ticket, Usage};

/// A set of locked reservations; dropping it unlocks them all.
pub struct Exec {
    ticket: Ticket,
    guards: Vec<ResvGuard>,
    /// The reservation that was refused: taken first next time.
    contended: Option<Resv>,
}

impl Exec {
    /// Runs `lock` until it got every lock it asked for (`drm_exec_until_all_locked`), and hands the set back.
    ///
    /// Objects may be asked for more than once, and may share a reservation. Errors of `lock` but `EDEADLK`.
    pub fn lock_all(mut lock: impl FnMut(&mut Self) -> Result) -> Result<Self> {
        let mut exec = Self {
            ticket: Ticket::new(),
            guards: Vec::new(),
            contended: None,
        };
        loop {
            match lock(&mut exec) {
                Err(Errno::EDEADLK) => exec.start_again(),
                Err(error) => return Err(error),
                Ok(()) => return Ok(exec),
            }
        }
    }

    fn start_again(&mut self) {
        self.guards.clear();
        if let Some(resv) = self.contended.take() {
            self.guards.push(resv.lock_slow(&self.ticket));
        }
    }

    /// Adds a fence to every reservation in the set (`drm_gpuvm_resv_add_fence` with one usage for all).
    pub fn add_fence(&mut self, fence: &Fence, usage: Usage) {
        for guard in &mut self.guards {
            guard.add_fence(fence, usage);
        }
    }

    /// The guard of a reservation in the set.
    pub(crate) fn guard(&mut self, resv: &Resv) -> Option<&mut ResvGuard> {
        self.guards.iter_mut().find(|guard| guard.locks(resv))
    }
}

impl LockSet for Exec {
    fn prepare(&mut self, object: &Gem, fences: usize) -> Result {
        let resv = object.gem().resv();
        if self.guard(resv).is_none() {
            match resv.lock_ticket(&self.ticket) {
                Ok(guard) => self.guards.push(guard),
                // Another object of the set shares the reservation.
                Err(Errno::EALREADY) => {}
                Err(error) => {
                    self.contended = Some(resv.clone());
                    return Err(error);
                }
            }
        }
        match self.guard(resv) {
            Some(guard) if fences > 0 => guard.reserve_fences(fences),
            _ => Ok(()),
        }
    }

    fn holds(&self, resv: &Resv) -> bool {
        self.guards.iter().any(|guard| guard.locks(resv))
    }
}

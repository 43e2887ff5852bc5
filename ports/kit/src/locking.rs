//! Locking all objects of a job at once (`drm_gem_lock_reservations`).

use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::resv::{ResvGuard, Ticket};

/// Locks the reservations of `objects`; the guards are in the same order. Backs off and begins again where an older
/// transaction is in the way.
///
/// # Errors
///
/// `EALREADY` when two of them are under one reservation: the same object listed twice.
pub fn lock_reservations(objects: &[Gem]) -> Result<Vec<ResvGuard>> {
    let ticket = Ticket::new();
    let mut contended: Option<usize> = None;
    loop {
        let mut guards: Vec<Option<ResvGuard>> = objects.iter().map(|_| None).collect();
        if let Some(at) = contended {
            guards[at] = Some(objects[at].gem().resv().lock_slow(&ticket));
        }
        let mut refused = None;
        for (at, object) in objects.iter().enumerate() {
            if contended == Some(at) {
                continue;
            }
            match object.gem().resv().lock_ticket(&ticket) {
                Ok(guard) => guards[at] = Some(guard),
                Err(Errno::EDEADLK) => {
                    refused = Some(at);
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        match refused {
            Some(at) => contended = Some(at),
            None => return Ok(guards.into_iter().flatten().collect()),
        }
    }
}

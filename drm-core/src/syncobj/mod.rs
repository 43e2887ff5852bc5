//! Sync objects (`drm_syncobj`): numbers of a file that stand for a fence, or for the points of a timeline.

mod table;
#[cfg(test)]
mod tests;
mod uapi;

use std::fmt;

use crate::errno::{Errno, Result};
use crate::resv::{Fence, FenceContext};
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Arc, Mutex};

pub(crate) use table::SyncobjTable;
pub use uapi::nr;
pub(crate) use uapi::{NUMBERS, ioctl};

/// What a sync object holds: nothing, a fence, or a timeline.
#[derive(Default)]
struct State {
    /// Points of the timeline, each with a fence that signals when all up to it have; point 0 is a fence without one.
    points: Vec<(u64, Fence)>,
}

/// A sync object (`struct drm_syncobj`). A clone is the same object.
#[derive(Clone, Default)]
pub struct Syncobj(Arc<Mutex<State>>);

impl fmt::Debug for Syncobj {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Syncobj")
            .field(&self.0.lock().points)
            .finish()
    }
}

impl Syncobj {
    /// A sync object without a fence.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The fence to wait for: of the object itself, or with `point` of the first point at or after it
    /// (`drm_syncobj_find_fence`).
    ///
    /// `EINVAL` where there is none (yet).
    pub fn find_fence(&self, point: u64) -> Result<Fence> {
        let state = self.0.lock();
        let found = match point {
            0 => state.points.last(),
            _ => state.points.iter().find(|(at, _)| *at >= point),
        };
        found.map(|(_, fence)| fence.clone()).ok_or(Errno::EINVAL)
    }

    /// Puts another fence into the object, or none (`drm_syncobj_replace_fence`).
    pub fn replace_fence(&self, fence: Option<Fence>) {
        let before = std::mem::take(&mut self.0.lock().points);
        self.0.lock().points.extend(fence.map(|fence| (0, fence)));
        drop(before);
    }

    /// Adds a point to the timeline; it is reached when `fence` and all points before have signalled
    /// (`drm_syncobj_add_point`). One that is not after the last stands at the last's place, as in the kernel.
    pub fn add_point(&self, point: u64, fence: &Fence) {
        let mut state = self.0.lock();
        let last = state.points.last().cloned();
        let reached = match &last {
            Some((_, before)) => both(before, fence),
            None => fence.clone(),
        };
        let point = last.map_or(point, |(at, _)| point.max(at));
        state.points.push((point, reached));
    }

    /// The last point that is reached; 0 where none is (`drm_syncobj_query_ioctl`).
    #[must_use]
    pub fn reached(&self) -> u64 {
        let state = self.0.lock();
        let reached = state
            .points
            .iter()
            .take_while(|(_, fence)| fence.is_signaled());
        reached.last().map_or(0, |(at, _)| *at)
    }
}

/// A fence that signals when both have; it failed if `second` did, else if `first` did.
fn both(first: &Fence, second: &Fence) -> Fence {
    let fence = FenceContext::new().fence();
    let left = Arc::new(AtomicUsize::new(2));
    for part in [first, second] {
        let (fence, left) = (fence.clone(), Arc::clone(&left));
        let parts = (first.clone(), second.clone());
        part.on_signal(move || {
            if left.fetch_sub(1, Ordering::SeqCst) == 1 {
                if let Some(error) = parts.1.error().or(parts.0.error()) {
                    fence.set_error(error);
                }
                fence.signal();
            }
        });
    }
    fence
}

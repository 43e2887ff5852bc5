//! The reservation object of a buffer: a wound/wait lock, and the fences under it (`dma_resv`).

mod fence;
mod lock;
mod locked_by;

pub use fence::{Fence, FenceContext, Usage};
pub use lock::{Resv, ResvGuard, Ticket};
pub use locked_by::{LockedBy, ResvSlot};

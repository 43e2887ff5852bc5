//! What every port shares.
//!
//! [`mmu`] is the GPU MMU engine: the page-table formats of the real devices, in simulated RAM. [`sched`] is the job
//! scheduler, with [`jiffies`] and [`locking`] around it; [`kms`] a small display core; [`vgem`] a foreign device; [`args`]
//! what every ioctl does first. [`window`] is the language of the recordings. [`scenario`] runs what a port shows on both
//! sides, as a [`Trace`], at a [`desk`].

pub mod args;
pub mod desk;
pub mod jiffies;
pub mod kms;
pub mod locking;
pub mod mmu;
#[cfg(feature = "recording")]
pub mod replay;
pub mod scenario;
pub mod sched;
mod side;
pub mod trace;
pub mod vgem;
pub mod window;

pub use scenario::{Scenario, Session};
pub use side::Side;
pub use trace::Trace;

//! What every port shares.
//!
//! [`mmu`] is the GPU MMU engine: the page-table formats of the real devices, in simulated RAM.
//! [`sched`] is the job scheduler, with [`jiffies`], [`syncobj`] and [`locking`] around it. [`vgem`] is a foreign device,
//! [`window`] the language of the recordings.

pub mod jiffies;
pub mod kms;
pub mod locking;
pub mod mmu;
pub mod sched;
pub mod syncobj;
pub mod vgem;
pub mod window;

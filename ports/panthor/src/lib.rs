//! The panthor driver of Linux 6.12.117 on a mock GPU: Arm Mali from Valhall on, with firmware that schedules.
//!
//! User space chooses every address: `VM_BIND` maps parts of objects into any of 32 address spaces of a file, at once or
//! queued behind sync objects ([`mmu`], on `drm_gpuvm`). The page table is a CPU's (`ARM_64_LPAE_S1`), with leaves of 4 KiB and
//! 2 MiB; all table pages that an operation may need are reserved before it begins. The kernel has objects of its own in the
//! upper part of each space ([`kernel_bo`]): tiler heaps ([`heap`]), ring buffers, counters ([`sched`]); and in that of the
//! firmware ([`fw`]).
//!
//! # Habits of the real driver, and where they are
//!
//! * An object that only one space may map shares the reservation of the space: `resv` is overwritten after creation
//!   ([`shmem`]).
//! * The scatter table is made at creation for a side effect, and a bind takes two uses of the pages ([`shmem`]; D4, D5).
//! * The pairs of space and object have a lock of their own beside the reservation: they are linked where fences depend on it
//!   ([`bo`]).
//! * An operation is prepared where it may allocate, and then carried out without ([`mmu`]); a failure that nobody waits for
//!   makes the space unusable.
//! * Memory attributes are put together with a sign extension; the end of the kernel's addresses is inclusive and passed as
//!   exclusive ([`mmu`]; D7).
//! * A file's mmap offset beyond 2^56 is a page of registers ([`device`]).
//!
//! `DEFECTS.md` lists what is wrong with it.
//!
//! # A better policy
//!
//! The after side ([`uma`]) shows what the before side does. With [`Policy::Reclaimed`] its objects leave RAM when it is wanted:
//! entries are cleared and pages swapped, a submission brings back what its space had, a fault what the CPU touches. Objects of
//! the kernel's own are pinned as before.
//!
//! # What is not modelled
//!
//! * Work queues: what the kernel does there is done when the system call is over, in one order. Nothing is concurrent.
//! * Run-time power management, reset, device frequency, profiling beyond its buffers, protected mode, priorities of groups, time
//!   slices.
//! * The firmware: its sections are one, without contents; what it shares with the driver beside ring buffers and counters is
//!   function calls. Its streams know the few instructions of [`hw::op`]. There is no TLB: a flush that is missing would not show.
//! * `compat` ioctls, and the offset of 32-bit processes.
//!
//! Sources: `drivers/gpu/drm/panthor` and `include/uapi/drm/panthor_drm.h` of Linux 6.12.117, and recordings of that driver
//! (`data/`), which both sides answer line by line.

pub mod any;
pub mod bo;
pub mod device;
mod drv;
pub mod fw;
pub mod heap;
pub mod hw;
pub mod inspect;
pub mod kernel_bo;
pub mod mmu;
pub mod sched;
pub mod shmem;
pub mod uapi;
pub mod uma;

pub use any::{AnyGpu, AnyVm, probe_side};
pub use bo::Policy;
pub use device::{Gpu, probe, probe_with};

//! What a process sees: mappings with software page tables, and the fault path.
//!
//! An access that finds no page calls the object's fault handler. "SIGBUS" is a returned `EFAULT`, never a signal.

mod address_space;
mod anonymous;
mod map;
mod notifier;
mod process;
mod remap;
mod vma;

pub use address_space::AddressSpace;
pub use notifier::{Interval, IntervalNotifier, Invalidation, Notifiers};
pub use process::{Process, Prot, Sharing};
pub use vma::{NewVma, VmFlags, Vma, VmaFile};

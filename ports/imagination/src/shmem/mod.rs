//! The side before: buffer objects on the base class of gem-shmem, as the real driver has them in Linux 6.12.
//!
//! Only what touches the base class is here. The places where the real driver leans on it are kept: the policy written into
//! fields after creation, the table taken for good at creation and again for each mapping and each block of a free list, the
//! kernel mapping undone from a field that is read without the lock.

mod drv;
mod free_list;
mod gem;

pub use drv::Hooks;
pub use gem::PvrGemObject;

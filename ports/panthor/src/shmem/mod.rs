//! Before: buffer objects on the base class of Linux 6.12, as `panthor_gem.c` has them, and the places of other files that
//! reach into it.

mod drv;
mod gem;
mod mmu;
mod object;

pub use drv::Hooks;
pub use object::PanthorObject;

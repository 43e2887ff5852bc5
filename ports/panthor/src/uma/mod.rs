//! After: buffer objects made of parts, and the places of other files that ask them.

mod drv;
mod gem;
mod mmu;
mod object;
mod reclaim;

pub use drv::Hooks;
pub use object::PanthorObject;

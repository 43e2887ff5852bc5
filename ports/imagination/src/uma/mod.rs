//! The side after: buffer objects of the parts of gem-uma, in place of the base class.
//!
//! Written by the migrate tool, but for what it left: the flags go into the constructor; a kernel mapping is undone by the part
//! that made it, that of an import as well (D1); where the device sees a byte is looked up under the lock (D15). An object still
//! gets its pages and its table at creation and keeps both; nothing is reclaimed.

mod drv;
mod free_list;
mod gem;

pub use drv::Hooks;
pub use gem::PvrGemObject;

//! The GPU MMU engine: page tables of the real formats, in simulated RAM, walked by mock devices.
//!
//! * [`TableMemory`] is what the engine asks of RAM; all its counters are exact.
//! * A format ([`Format`]) is data about entries. Whoever has the root address can read a table:
//!   [`View`] translates for a device ([`View::translate`]) and lists leaves for a trace
//!   ([`View::leaves`], folded by [`runs_by`]).
//! * Each format has its own writer, because each driver has its own rules for when tables come and
//!   go: [`lpae`] (panfrost, panthor; with [`prealloc`] for panthor), [`v3d`], [`lima`],
//!   [`rogue`] (imagination), [`ivpu`], [`rockchip`] (rocket).
//!
//! What traces print of a table comes from its view: runs of leaves with page indices (`walk` of
//! panfrost and panthor), runs of flags (`ptes` of v3d and lima), tables by level ([`View::tables`],
//! `pt` of panthor).
//!
//! A writer never walks from the root for each page: it stores entries in batches, table by table.

pub mod ivpu;
pub mod lima;
pub mod lpae;
mod machine;
mod memory;
mod path;
pub mod pgsize;
pub mod prealloc;
mod radix;
pub mod rockchip;
pub mod rogue;
mod run;
pub mod v3d;
mod view;

#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod testmem;

/// A contiguous piece of what is to be mapped: one entry of a scatter table, as the device sees it.
pub use drm_core::dma::Entry as Segment;

pub use self::machine::MachineTables;
pub use self::memory::{TableEvent, TableMemory};
pub use self::radix::{Access, Entry, Format, Level, MAX_LEVELS};
pub use self::run::{Run, Runs, runs_by, same_memory};
pub use self::view::{Leaf, Leaves, Position, Reader, View, WalkFault};

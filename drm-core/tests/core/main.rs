//! The ground as a memory library uses it.

mod dma;
mod exec;
mod fences;
mod figures;
mod handles;
mod late_free;
mod lru;
mod moving;
mod names;
mod open;
mod reclaim;
mod remap;
mod resv;
mod support;
mod swap;
mod watching;

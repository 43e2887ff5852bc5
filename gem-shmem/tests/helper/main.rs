//! Every function of the base class: what it answers, what it counts, when it warns; and the traps that its users fall into.

#![cfg(feature = "legacy")]

mod create;
mod dumb;
mod fault;
mod free;
mod hook;
mod import;
mod list;
mod madvise;
mod mmap;
mod pin;
mod print;
mod purge;
mod support;
mod table;
mod traps;
mod vmap;

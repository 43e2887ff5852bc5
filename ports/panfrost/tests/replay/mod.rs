//! Replaying the recordings of the real driver.

pub mod compare;
mod gpu;
mod ioctls;
mod memory;
mod script;

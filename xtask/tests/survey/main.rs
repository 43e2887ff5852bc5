//! Tests of `cargo xtask survey`, on small trees of our own and, where one is installed, on a real
//! kernel.

mod bad_input;
mod command;
mod fidelity;
mod linux_6_12;
mod shapes;
mod tree;

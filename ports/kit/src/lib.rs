//! What every port shares.
//!
//! [`mmu`] is the GPU MMU engine: the page-table formats of the real devices, in simulated RAM.

pub mod kms;
pub mod mmu;

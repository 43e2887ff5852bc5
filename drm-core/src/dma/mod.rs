//! DMA: what a device sees of memory.

mod device;
mod sg_table;

pub use device::{DmaConfig, DmaDevice};
pub use sg_table::{Entry, SgTable};

//! GPU address spaces (`panfrost_mmu.c`), as far as no memory library is touched: one VM per open file, its VA space and page
//! table, the hardware spaces that VMs take turns on, and the fault interrupt.

mod irq;
mod map;
mod space;
mod vm;

pub(crate) use space::Spaces;
pub use vm::Vm;

//! The panthor driver of Linux 6.12.117 (Arm Mali with a command stream front end), on a mock GPU.

pub mod bo;
pub mod device;
mod drv;
pub mod dump;
mod exec;
pub mod fw;
pub mod heap;
pub mod hw;
pub mod kernel_bo;
pub mod mmu;
pub mod shmem;
pub mod uapi;

pub use device::{Gpu, probe};
pub use exec::Exec;

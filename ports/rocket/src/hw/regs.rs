//! Registers of a core that driver and mock use, and the commands that a task is made of.

/// Starts the task that the other registers describe; 0 when it is done.
pub const PC_OPERATION_ENABLE: u32 = 0x0008;
/// Device address of the task's register commands.
pub const PC_BASE_ADDRESS: u32 = 0x0010;
/// Pairs of commands to fetch, less one.
pub const PC_REGISTER_AMOUNTS: u32 = 0x0014;
/// Which interrupts reach the CPU.
pub const PC_INTERRUPT_MASK: u32 = 0x0020;
/// Acknowledges interrupts.
pub const PC_INTERRUPT_CLEAR: u32 = 0x0024;
/// Interrupts that are pending, masked or not.
pub const PC_INTERRUPT_RAW_STATUS: u32 = 0x002c;
/// How many tasks follow each other.
pub const PC_TASK_CON: u32 = 0x0030;
/// Convolution pre-processing: which register set is written.
pub const CNA_S_POINTER: u32 = 0x1004;
/// Convolution: which register set is written.
pub const CORE_S_POINTER: u32 = 0x3004;
/// Device address that the results go to.
pub const DPU_DST_BASE_ADDR: u32 = 0x4020;
/// Width of the results, less one.
pub const DPU_DATA_CUBE_WIDTH: u32 = 0x4030;
/// Device address that the data come from.
pub const DPU_RDMA_SRC_BASE_ADDR: u32 = 0x5018;

/// The first half of the data processing unit is done.
pub const INTERRUPT_DPU_0: u32 = 1 << 8;
/// The second half is done.
pub const INTERRUPT_DPU_1: u32 = 1 << 9;
/// A read was answered with an error.
pub const INTERRUPT_DMA_READ_ERROR: u32 = 1 << 12;
/// A write was answered with an error.
pub const INTERRUPT_DMA_WRITE_ERROR: u32 = 1 << 13;
/// Every interrupt.
pub const INTERRUPT_ALL: u32 = 0x1_ffff;

/// A command that writes `value` into a register.
#[must_use]
pub const fn command(register: u32, value: u32) -> u64 {
    /// Any block but 0, which is no command.
    const TARGET: u64 = 0x0201;
    TARGET << 48 | (value as u64) << 16 | register as u64
}

/// Register and value of a command; `None` for padding.
#[must_use]
pub const fn decode(command: u64) -> Option<(u32, u32)> {
    if command >> 48 == 0 {
        return None;
    }
    Some(((command & 0xffff) as u32, (command >> 16) as u32))
}

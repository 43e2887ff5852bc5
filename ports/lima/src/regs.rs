//! Registers, by their byte offset in a unit, and their bits (`lima_regs.h`).

/// The geometry processor.
pub mod gp {
    /// Vertex shader commands: first byte. The other registers of a frame follow.
    pub const VSCL_START: u32 = 0x00;
    /// Polygon list builder commands: first byte.
    pub const PLBUCL_START: u32 = 0x08;
    /// The heap: first byte.
    pub const ALLOC_START: u32 = 0x10;
    /// The heap: byte after the last.
    pub const ALLOC_END: u32 = 0x14;
    /// Commands.
    pub const CMD: u32 = 0x20;
    /// What happened.
    pub const INT_RAWSTAT: u32 = 0x24;
    /// Write to forget it.
    pub const INT_CLEAR: u32 = 0x28;
    /// What interrupts.
    pub const INT_MASK: u32 = 0x2c;
    /// What happened and interrupts.
    pub const INT_STAT: u32 = 0x30;
    /// Used as a test of whether the unit answers.
    pub const PERF_CNT_0_LIMIT: u32 = 0x54;
    /// What runs.
    pub const STATUS: u32 = 0x68;
    /// Which unit it is.
    pub const VERSION: u32 = 0x6c;

    /// Command: start the vertex shader.
    pub const CMD_START_VS: u32 = 1;
    /// Command: start the polygon list builder.
    pub const CMD_START_PLBU: u32 = 1 << 1;
    /// Command: take over the heap's bounds.
    pub const CMD_UPDATE_PLBU_ALLOC: u32 = 1 << 4;
    /// Command: reset.
    pub const CMD_RESET: u32 = 1 << 5;
    /// Command: no more accesses.
    pub const CMD_STOP_BUS: u32 = 1 << 9;
    /// Command: reset once accesses are done.
    pub const CMD_SOFT_RESET: u32 = 1 << 10;

    /// The vertex shader is done.
    pub const IRQ_VS_END: u32 = 1;
    /// The polygon list builder is done.
    pub const IRQ_PLBU_END: u32 = 1 << 1;
    /// The heap is full.
    pub const IRQ_OUT_OF_MEM: u32 = 1 << 2;
    /// A reset is done.
    pub const IRQ_RESET_COMPLETED: u32 = 1 << 19;
    /// Everything that can happen.
    pub const IRQ_ALL: u32 = 0x0078_7fff;
    /// What ends a job badly, a full heap included.
    pub const IRQ_ERROR: u32 = 0x0070_6e44;
    /// What the driver wants to hear of.
    pub const IRQ_USED: u32 = IRQ_VS_END | IRQ_PLBU_END | IRQ_ERROR;

    /// The vertex shader runs.
    pub const STATUS_VS_ACTIVE: u32 = 1 << 1;
    /// The bus is stopped.
    pub const STATUS_BUS_STOPPED: u32 = 1 << 2;
    /// The polygon list builder runs.
    pub const STATUS_PLBU_ACTIVE: u32 = 1 << 3;
}

/// A pixel processor.
pub mod pp {
    /// Polygon list. The other registers of a frame follow.
    pub const FRAME: u32 = 0x0000;
    /// Stack.
    pub const STACK: u32 = 0x0030;
    /// First register of a write-back unit, of three.
    pub const WB: [u32; 3] = [0x100, 0x200, 0x300];
    /// Which unit it is.
    pub const VERSION: u32 = 0x1000;
    /// What runs.
    pub const STATUS: u32 = 0x1008;
    /// Commands.
    pub const CTRL: u32 = 0x100c;
    /// What happened.
    pub const INT_RAWSTAT: u32 = 0x1020;
    /// Write to forget it.
    pub const INT_CLEAR: u32 = 0x1024;
    /// What interrupts.
    pub const INT_MASK: u32 = 0x1028;
    /// What happened and interrupts.
    pub const INT_STATUS: u32 = 0x102c;
    /// Used as a test of whether the unit answers.
    pub const PERF_CNT_0_LIMIT: u32 = 0x1088;

    /// It renders.
    pub const STATUS_ACTIVE: u32 = 1;
    /// The bus is stopped.
    pub const STATUS_BUS_STOPPED: u32 = 1 << 4;
    /// Command: no more accesses.
    pub const CTRL_STOP_BUS: u32 = 1;
    /// Command: reset.
    pub const CTRL_FORCE_RESET: u32 = 1 << 5;
    /// Command: render.
    pub const CTRL_START: u32 = 1 << 6;
    /// Command: reset once accesses are done.
    pub const CTRL_SOFT_RESET: u32 = 1 << 7;

    /// The frame is done.
    pub const IRQ_END_OF_FRAME: u32 = 1;
    /// A reset is done.
    pub const IRQ_RESET_COMPLETED: u32 = 1 << 12;
    /// Everything that can happen.
    pub const IRQ_ALL: u32 = 0x1fff;
    /// What ends a job badly.
    pub const IRQ_ERROR: u32 = 0x0f18;
    /// What the driver wants to hear of.
    pub const IRQ_USED: u32 = IRQ_END_OF_FRAME | IRQ_ERROR;
}

/// The MMU of one processor.
pub mod mmu {
    /// The directory; the low 12 bits read as 0.
    pub const DTE_ADDR: u32 = 0x00;
    /// What it does.
    pub const STATUS: u32 = 0x04;
    /// Commands.
    pub const COMMAND: u32 = 0x08;
    /// Where the page fault was.
    pub const PAGE_FAULT_ADDR: u32 = 0x0c;
    /// What happened.
    pub const INT_RAWSTAT: u32 = 0x14;
    /// Write to forget it.
    pub const INT_CLEAR: u32 = 0x18;
    /// What interrupts.
    pub const INT_MASK: u32 = 0x1c;
    /// What happened and interrupts. The driver decodes the fault from it, whose bits are in [`STATUS`].
    pub const INT_STATUS: u32 = 0x20;

    /// It translates.
    pub const STATUS_PAGING_ENABLED: u32 = 1;
    /// A fault waits.
    pub const STATUS_PAGE_FAULT_ACTIVE: u32 = 1 << 1;
    /// It is stalled.
    pub const STATUS_STALL_ACTIVE: u32 = 1 << 2;
    /// Nothing is under way, nothing is to be replayed.
    pub const STATUS_IDLE: u32 = 1 << 3 | 1 << 4;
    /// The fault was a write.
    pub const STATUS_PAGE_FAULT_IS_WRITE: u32 = 1 << 5;

    /// Command: translate.
    pub const CMD_ENABLE_PAGING: u32 = 0;
    /// Command: do not translate.
    pub const CMD_DISABLE_PAGING: u32 = 1;
    /// Command: stall.
    pub const CMD_ENABLE_STALL: u32 = 2;
    /// Command: go on.
    pub const CMD_DISABLE_STALL: u32 = 3;
    /// Command: forget translations.
    pub const CMD_ZAP_CACHE: u32 = 4;
    /// Command: the fault is dealt with.
    pub const CMD_PAGE_FAULT_DONE: u32 = 5;
    /// Command: reset.
    pub const CMD_HARD_RESET: u32 = 6;

    /// A page fault.
    pub const INT_PAGE_FAULT: u32 = 1;
    /// The bus answered with an error.
    pub const INT_READ_BUS_ERROR: u32 = 1 << 1;
}

/// The load balancer of Mali-450.
pub mod dlbu {
    /// The page with its lists, as a physical address with bit 0 set.
    pub const MASTER_TLLIST_PHYS_ADDR: u32 = 0x00;
    /// Where processors see that page.
    pub const MASTER_TLLIST_VADDR: u32 = 0x04;
    /// First of four registers that a frame sets.
    pub const TLLIST_VBASEADDR: u32 = 0x08;
    /// Processors that it deals tiles to.
    pub const PP_ENABLE_MASK: u32 = 0x18;
}

/// The broadcast unit of Mali-450.
pub mod bcast {
    /// Processors that see writes to the broadcast addresses.
    pub const BROADCAST_MASK: u32 = 0x00;
    /// Processors whose interrupts it collects.
    pub const INTERRUPT_MASK: u32 = 0x04;
}

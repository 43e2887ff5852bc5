//! The registers that the driver touches (`panfrost_regs.h`), as byte offsets into the GPU's register window.

/// Product in the high half, revision in the low.
pub const GPU_ID: u32 = 0x000;
/// L2 cache.
pub const GPU_L2_FEATURES: u32 = 0x004;
/// Shader cores.
pub const GPU_CORE_FEATURES: u32 = 0x008;
/// Tiler.
pub const GPU_TILER_FEATURES: u32 = 0x00c;
/// Memory system; bits 11:8 are the number of L2 slices less one.
pub const GPU_MEM_FEATURES: u32 = 0x010;
/// Bits 7:0 are the VA bits, 15:8 the PA bits.
pub const GPU_MMU_FEATURES: u32 = 0x014;
/// Address spaces, a bit each.
pub const GPU_AS_PRESENT: u32 = 0x018;
/// Job slots, a bit each.
pub const GPU_JS_PRESENT: u32 = 0x01c;
/// Interrupts raised.
pub const GPU_INT_RAWSTAT: u32 = 0x020;
/// Writing a bit takes the interrupt back.
pub const GPU_INT_CLEAR: u32 = 0x024;
/// Interrupts that reach the CPU.
pub const GPU_INT_MASK: u32 = 0x028;
/// Raised and not masked.
pub const GPU_INT_STAT: u32 = 0x02c;
/// A command.
pub const GPU_CMD: u32 = 0x030;
/// Number of cache flushes so far.
pub const GPU_LATEST_FLUSH_ID: u32 = 0x038;
/// Texture compression.
pub const GPU_AFBC_FEATURES: u32 = 0x04c;
/// Where a sample of the counters goes: VA, low half.
pub const GPU_PERFCNT_BASE_LO: u32 = 0x060;
/// The high half.
pub const GPU_PERFCNT_BASE_HI: u32 = 0x064;
/// Mode, address space (`<< 4`), counter set (`<< 8`).
pub const GPU_PERFCNT_CFG: u32 = 0x068;
/// Counters of the job manager that are on.
pub const GPU_PRFCNT_JM_EN: u32 = 0x06c;
/// Counters of the shader cores that are on.
pub const GPU_PRFCNT_SHADER_EN: u32 = 0x070;
/// Counters of the tiler that are on.
pub const GPU_PRFCNT_TILER_EN: u32 = 0x074;
/// Counters of MMU and L2 that are on.
pub const GPU_PRFCNT_MMU_L2_EN: u32 = 0x07c;
/// Threads per core.
pub const GPU_THREAD_MAX_THREADS: u32 = 0x0a0;
/// Threads per work group.
pub const GPU_THREAD_MAX_WORKGROUP_SIZE: u32 = 0x0a4;
/// Threads at a barrier.
pub const GPU_THREAD_MAX_BARRIER_SIZE: u32 = 0x0a8;
/// Threads.
pub const GPU_THREAD_FEATURES: u32 = 0x0ac;
/// First of four words about textures.
pub const GPU_TEXTURE_FEATURES: u32 = 0x0b0;
/// First of sixteen words, one for each job slot.
pub const GPU_JS_FEATURES: u32 = 0x0c0;
/// Shader cores, a bit each.
pub const GPU_SHADER_PRESENT_LO: u32 = 0x100;
/// Tilers, a bit each.
pub const GPU_TILER_PRESENT_LO: u32 = 0x110;
/// L2 caches, a bit each.
pub const GPU_L2_PRESENT_LO: u32 = 0x120;
/// Shader cores that have power.
pub const SHADER_READY_LO: u32 = 0x140;
/// Tilers that have power.
pub const TILER_READY_LO: u32 = 0x150;
/// L2 caches that have power.
pub const L2_READY_LO: u32 = 0x160;
/// Power for shader cores.
pub const SHADER_PWRON_LO: u32 = 0x180;
/// Power for tilers.
pub const TILER_PWRON_LO: u32 = 0x190;
/// Power for L2 caches.
pub const L2_PWRON_LO: u32 = 0x1a0;
/// No power for shader cores.
pub const SHADER_PWROFF_LO: u32 = 0x1c0;
/// No power for tilers.
pub const TILER_PWROFF_LO: u32 = 0x1d0;
/// No power for L2 caches.
pub const L2_PWROFF_LO: u32 = 0x1e0;
/// Coherency protocols.
pub const GPU_COHERENCY_FEATURES: u32 = 0x300;
/// Threads per core that need local storage.
pub const GPU_THREAD_TLS_ALLOC: u32 = 0x310;
/// Core stacks, a bit each.
pub const GPU_STACK_PRESENT_LO: u32 = 0xe00;

/// `GPU_INT_*`: a reset is done.
pub const GPU_IRQ_RESET_COMPLETED: u32 = 1 << 8;
/// `GPU_INT_*`: the counters are in memory.
pub const GPU_IRQ_PERFCNT_SAMPLE_COMPLETED: u32 = 1 << 16;
/// `GPU_INT_*`: the caches are clean.
pub const GPU_IRQ_CLEAN_CACHES_COMPLETED: u32 = 1 << 17;
/// `GPU_INT_*`: faults of the GPU itself.
pub const GPU_IRQ_MASK_ERROR: u32 = 1 | 1 << 7;
/// `GPU_INT_*`: everything.
pub const GPU_IRQ_MASK_ALL: u32 = GPU_IRQ_MASK_ERROR | 0x700 | 3 << 16;

/// `GPU_CMD`: reset, keeping what is in memory.
pub const GPU_CMD_SOFT_RESET: u32 = 1;
/// `GPU_CMD`: zero the counters.
pub const GPU_CMD_PERFCNT_CLEAR: u32 = 3;
/// `GPU_CMD`: write the counters to memory.
pub const GPU_CMD_PERFCNT_SAMPLE: u32 = 4;
/// `GPU_CMD`: write dirty lines back.
pub const GPU_CMD_CLEAN_CACHES: u32 = 7;
/// `GPU_CMD`: the same, and forget all lines.
pub const GPU_CMD_CLEAN_INV_CACHES: u32 = 8;

/// Bits 15:0 job done, 31:16 job failed, by slot.
pub const JOB_INT_RAWSTAT: u32 = 0x1000;
/// Writing a bit takes the interrupt back, and samples `JOB_INT_JS_STATE`.
pub const JOB_INT_CLEAR: u32 = 0x1004;
/// Interrupts that reach the CPU.
pub const JOB_INT_MASK: u32 = 0x1008;
/// Raised and not masked.
pub const JOB_INT_STAT: u32 = 0x100c;
/// Bits 15:0 a job runs, 31:16 a job waits, by slot, when last sampled.
pub const JOB_INT_JS_STATE: u32 = 0x1010;

/// First job slot.
pub const JS_BASE: u32 = 0x1800;
/// Bytes from one slot to the next.
pub const JS_SLOT_STRIDE: u32 = 0x80;
/// VA of the running job, in a slot.
pub const JS_HEAD_LO: u32 = 0x00;
/// The high half.
pub const JS_HEAD_HI: u32 = 0x04;
/// VA of the last job that was looked at, in a slot.
pub const JS_TAIL_LO: u32 = 0x08;
/// The high half.
pub const JS_TAIL_HI: u32 = 0x0c;
/// Bits 3:0 are the address space, in a slot.
pub const JS_CONFIG: u32 = 0x18;
/// A command, in a slot.
pub const JS_COMMAND: u32 = 0x20;
/// What the last job came to, in a slot.
pub const JS_STATUS: u32 = 0x24;
/// VA of the next job, in a slot.
pub const JS_HEAD_NEXT_LO: u32 = 0x40;
/// The high half.
pub const JS_HEAD_NEXT_HI: u32 = 0x44;
/// Cores for the next job, in a slot.
pub const JS_AFFINITY_NEXT_LO: u32 = 0x50;
/// The high half.
pub const JS_AFFINITY_NEXT_HI: u32 = 0x54;
/// `JS_CONFIG` of the next job, in a slot.
pub const JS_CONFIG_NEXT: u32 = 0x58;
/// `JS_COMMAND_START` while a job waits, in a slot.
pub const JS_COMMAND_NEXT: u32 = 0x60;
/// The flush that the next job may skip, in a slot.
pub const JS_FLUSH_ID_NEXT: u32 = 0x70;

/// The register of slot `js` at `offset`.
#[must_use]
pub const fn js(js: usize, offset: u32) -> u32 {
    JS_BASE + js as u32 * JS_SLOT_STRIDE + offset
}

/// Both interrupt bits of a slot.
#[must_use]
pub const fn mk_js_mask(js: usize) -> u32 {
    0x1_0001 << js
}

/// `JS_CONFIG`: clean and invalidate caches before the job.
pub const JS_CONFIG_START_FLUSH_CLEAN_INVALIDATE: u32 = 3 << 8;
/// `JS_CONFIG`: tells two jobs of a slot apart.
pub const JS_CONFIG_JOB_CHAIN_FLAG: u32 = 1 << 11;
/// `JS_CONFIG`: clean and invalidate caches after the job.
pub const JS_CONFIG_END_FLUSH_CLEAN_INVALIDATE: u32 = 3 << 12;
/// `JS_CONFIG`: skip a flush that happened since.
pub const JS_CONFIG_ENABLE_FLUSH_REDUCTION: u32 = 1 << 14;
/// `JS_CONFIG`: medium priority.
pub const JS_CONFIG_THREAD_PRI_8: u32 = 8 << 16;

/// `JS_COMMAND`: nothing.
pub const JS_COMMAND_NOP: u32 = 0;
/// `JS_COMMAND`: go.
pub const JS_COMMAND_START: u32 = 1;
/// `JS_COMMAND`: stop at the next boundary.
pub const JS_COMMAND_SOFT_STOP: u32 = 2;
/// `JS_COMMAND`: stop at once, if the chain flag is 0.
pub const JS_COMMAND_HARD_STOP_0: u32 = 5;
/// `JS_COMMAND`: stop at once, if the chain flag is 1.
pub const JS_COMMAND_HARD_STOP_1: u32 = 7;

/// Bits 15:0 page fault, 31:16 bus fault, by address space.
pub const MMU_INT_RAWSTAT: u32 = 0x2000;
/// Writing a bit takes the interrupt back.
pub const MMU_INT_CLEAR: u32 = 0x2004;
/// Interrupts that reach the CPU.
pub const MMU_INT_MASK: u32 = 0x2008;
/// Raised and not masked.
pub const MMU_INT_STAT: u32 = 0x200c;

/// First address space.
pub const MMU_BASE: u32 = 0x2400;
/// Bytes from one address space to the next.
pub const MMU_AS_STRIDE: u32 = 0x40;
/// Root of the page table and mode, in a space.
pub const AS_TRANSTAB_LO: u32 = 0x00;
/// The high half.
pub const AS_TRANSTAB_HI: u32 = 0x04;
/// Memory attributes, in a space.
pub const AS_MEMATTR_LO: u32 = 0x08;
/// The high half.
pub const AS_MEMATTR_HI: u32 = 0x0c;
/// Region that the next lock or flush is about, in a space.
pub const AS_LOCKADDR_LO: u32 = 0x10;
/// The high half.
pub const AS_LOCKADDR_HI: u32 = 0x14;
/// A command, in a space.
pub const AS_COMMAND: u32 = 0x18;
/// Why the last access failed, in a space.
pub const AS_FAULTSTATUS: u32 = 0x1c;
/// What the last access that failed wanted, in a space.
pub const AS_FAULTADDRESS_LO: u32 = 0x20;
/// The high half.
pub const AS_FAULTADDRESS_HI: u32 = 0x24;
/// Bit 0: a command runs, in a space.
pub const AS_STATUS: u32 = 0x28;

/// The register of address space `space` at `offset`.
#[must_use]
pub const fn space(space: u32, offset: u32) -> u32 {
    MMU_BASE + space * MMU_AS_STRIDE + offset
}

/// `AS_COMMAND`: use TRANSTAB and MEMATTR from now on.
pub const AS_COMMAND_UPDATE: u32 = 1;
/// `AS_COMMAND`: hold accesses to the region.
pub const AS_COMMAND_LOCK: u32 = 2;
/// `AS_COMMAND`: let them go on.
pub const AS_COMMAND_UNLOCK: u32 = 3;
/// `AS_COMMAND`: forget page-table entries of the region.
pub const AS_COMMAND_FLUSH_PT: u32 = 4;
/// `AS_COMMAND`: the same, once all accesses are done and caches are clean.
pub const AS_COMMAND_FLUSH_MEM: u32 = 5;
/// Smallest region that can be locked, as a power of two: 32 KiB.
pub const AS_LOCK_REGION_MIN_LOG2: u32 = 15;

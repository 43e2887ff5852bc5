//! The interface of the firmware: structs in its memory, by byte offset, and command numbers (`pvr_rogue_fwif*.h`).
//!
//! Only what the driver writes or the mock firmware reads has a name here.

use drm_core::errno::Result;
use drm_core::memory::KernelMap;

/// Upper half of every command number (`ROGUE_CMD_MAGIC_DWORD_SHIFTED`).
const MAGIC: u32 = 0x2abc << 16;

/// `struct rogue_fwif_ccb_ctl`: the state of a circular buffer of commands.
pub mod ccb_ctl {
    /// Where the producer writes next, in commands.
    pub const WRITE_OFFSET: u64 = 0;
    /// Where the consumer reads next, in commands.
    pub const READ_OFFSET: u64 = 128;
    /// Commands less one.
    pub const WRAP_MASK: u64 = 132;
    /// Bytes of a command.
    pub const CMD_SIZE: u64 = 136;
    /// Bytes.
    pub const SIZE: u64 = 144;
}

/// Bytes of a command in either direction (`struct rogue_fwif_kccb_cmd`, `struct rogue_fwif_fwccb_cmd`).
pub const CMD_SIZE: u64 = 88;
/// Where the arguments of a command begin.
pub const CMD_DATA: u64 = 8;

/// `log2` of the commands in the buffer from the kernel to the firmware.
pub const KCCB_LOG2: u32 = 7;
/// `log2` of the commands in the buffer from the firmware to the kernel.
pub const FWCCB_LOG2: u32 = 5;

/// The command was executed (`ROGUE_FWIF_KCCB_RTN_SLOT_CMD_EXECUTED`).
pub const RTN_EXECUTED: u32 = 1;
/// What was to be cleaned up is in use (`ROGUE_FWIF_KCCB_RTN_SLOT_CLEANUP_BUSY`).
pub const RTN_CLEANUP_BUSY: u32 = 1 << 1;

/// Commands from the kernel to the firmware (`enum rogue_fwif_kccb_cmd_type`).
pub mod kccb {
    use super::MAGIC;

    /// A client buffer has work: `{ context, write offset, wrap mask, number and addresses of clean-up controls }`.
    pub const KICK: u32 = 101 | MAGIC;
    /// Flush MMU caches: `{ flags, address and value to write }`.
    pub const MMUCACHE: u32 = 102 | MAGIC;
    /// Something is to be freed: `{ type, address }`.
    pub const CLEANUP: u32 = 106 | MAGIC;
    /// A power request: `{ type, argument }`.
    pub const POW: u32 = 107 | MAGIC;
    /// A free list has grown, or not: `{ address, delta, new, ready pages }`.
    pub const FREELIST_GROW_UPDATE: u32 = 110 | MAGIC;
    /// Free lists were reconstructed: `{ count, numbers }`.
    pub const FREELISTS_RECONSTRUCTION_UPDATE: u32 = 112 | MAGIC;
}

/// Commands from the firmware to the kernel (`enum rogue_fwif_fwccb_cmd_type`).
pub mod fwccb {
    use super::MAGIC;

    /// A free list is to grow: `{ number }`.
    pub const FREELIST_GROW: u32 = 103 | MAGIC;
    /// Free lists are to be written again: `{ count, counter, numbers }`.
    pub const FREELISTS_RECONSTRUCTION: u32 = 104 | MAGIC;
    /// A context was reset: `{ number, reason, data master, job, flags, page catalogue, address }`.
    pub const CONTEXT_RESET_NOTIFICATION: u32 = 105 | MAGIC;
    /// The GPU is to be restarted.
    pub const REQUEST_GPU_RESTART: u32 = 109 | MAGIC;
}

/// Most free lists that one request names (`ROGUE_FWIF_MAX_FREELISTS_TO_RECONSTRUCT`).
pub const MAX_FREELISTS_TO_RECONSTRUCT: u32 = 18;

/// Which caches a flush empties (`ROGUE_FWIF_MMUCACHEDATA_FLAGS_*`).
pub mod mmucache {
    /// Page tables.
    pub const PT: u32 = 1;
    /// Page directories.
    pub const PD: u32 = 1 << 1;
    /// The page catalogue.
    pub const PC: u32 = 1 << 2;
    /// Translations, of both kinds.
    pub const TLB: u32 = 0x18;
    /// Raise an interrupt.
    pub const INTERRUPT: u32 = 0x400_0000;
    /// Page tables were changed.
    pub const LEVEL_0: u32 = PT | INTERRUPT | TLB;
    /// And page directories.
    pub const LEVEL_1: u32 = LEVEL_0 | PD;
    /// And the page catalogue.
    pub const LEVEL_2: u32 = LEVEL_1 | PC;
}

/// What is cleaned up (`enum rogue_fwif_cleanup_type`).
pub mod cleanup {
    /// A context.
    pub const FWCOMMONCONTEXT: u32 = 0;
    /// A render target.
    pub const HWRTDATA: u32 = 1;
    /// A free list.
    pub const FREELIST: u32 = 2;
}

/// Power requests (`enum rogue_fwif_power_type`).
pub mod pow {
    /// Turn off.
    pub const OFF_REQ: u32 = 1;
    /// Be idle.
    pub const FORCED_IDLE_REQ: u32 = 2;
}

/// `struct rogue_fwif_osinit`: where the firmware finds everything.
pub mod osinit {
    #![expect(missing_docs, reason = "the names are those of the fields")]
    pub const KERNEL_CCBCTL: u64 = 0;
    pub const KERNEL_CCB: u64 = 4;
    pub const KERNEL_CCB_RTN_SLOTS: u64 = 8;
    pub const FIRMWARE_CCBCTL: u64 = 12;
    pub const FIRMWARE_CCB: u64 = 16;
    pub const HWR_INFO_BUF_CTL: u64 = 28;
    pub const FW_OS_DATA: u64 = 36;
    pub const SIZE: u64 = 104;
}

/// `struct rogue_fwif_osdata`.
pub mod osdata {
    #![expect(missing_docs, reason = "the names are those of the fields")]
    pub const KCCB_CMDS_EXECUTED: u64 = 568;
    pub const POWER_SYNC: u64 = 572;
    pub const SIZE: u64 = 584;
}

/// `struct rogue_fwif_sysinit`.
pub mod sysinit {
    #![expect(missing_docs, reason = "the names are those of the fields")]
    pub const FAULT_PHYS_ADDR: u64 = 0;
    pub const PDS_EXEC_BASE: u64 = 8;
    pub const USC_EXEC_BASE: u64 = 16;
    pub const RUNTIME_CFG: u64 = 316;
    pub const TRACE_BUF_CTL: u64 = 320;
    pub const FW_SYS_DATA: u64 = 324;
    pub const GPU_UTIL_FW_CB_CTL: u64 = 328;
    pub const FIRMWARE_STARTED: u64 = 352;
    pub const MARKER_VAL: u64 = 356;
    pub const SIZE: u64 = 544;
}

/// `struct rogue_fwif_tracebuf`.
pub mod tracebuf {
    /// Dwords of each thread's buffer.
    pub const SIZE_IN_DWORDS: u64 = 856;
    /// Bytes.
    pub const SIZE: u64 = 864;

    /// Where the buffer of a thread is.
    #[must_use]
    pub const fn buffer(thread: u64) -> u64 {
        8 + 424 * thread + 4
    }
}

/// `struct rogue_fwif_fwmemcontext`: an address space as the firmware knows it.
pub mod fwmemcontext {
    /// Where the page catalogue is.
    pub const PC_DEV_PADDR: u64 = 0;
    /// Which register holds it; the firmware chooses.
    pub const PAGE_CAT_BASE_REG_SET: u64 = 8;
    /// None yet (`ROGUE_FW_BIF_INVALID_PCSET`).
    pub const INVALID_PCSET: u32 = u32::MAX;
    /// Bytes.
    pub const SIZE: u64 = 32;
}

/// `struct rogue_fwif_freelist`.
pub mod freelist {
    #![expect(missing_docs, reason = "the names are those of the fields")]
    pub const FREELIST_DEV_ADDR: u64 = 0;
    pub const CURRENT_DEV_ADDR: u64 = 8;
    pub const CURRENT_STACK_TOP: u64 = 16;
    pub const MAX_PAGES: u64 = 20;
    pub const GROW_PAGES: u64 = 24;
    pub const CURRENT_PAGES: u64 = 28;
    pub const ALLOCATED_PAGE_COUNT: u64 = 32;
    pub const ALLOCATED_MMU_PAGE_COUNT: u64 = 36;
    pub const FREELIST_ID: u64 = 40;
    pub const GROW_PENDING: u64 = 44;
    pub const READY_PAGES: u64 = 48;
    pub const SIZE: u64 = 64;
}

/// `struct rogue_fwif_hwrtdata`: one render target.
pub mod hwrtdata {
    #![expect(missing_docs, reason = "the names are those of the fields")]
    pub const PM_MLIST_DEV_ADDR: u64 = 0;
    pub const COMMON: u64 = 164;
    pub const FLAGS: u64 = 168;
    pub const STATE: u64 = 172;
    pub const FREELISTS: u64 = 176;
    pub const VHEAP_TABLE_DEV_ADDR: u64 = 200;
    pub const RTA_VALID_RENDER_TARGETS: u64 = 224;
    pub const RTA_NUM_PARTIAL_RENDERS: u64 = 228;
    pub const RTA_MAX_RTS: u64 = 232;
    pub const TAIL_PTRS_DEV_ADDR: u64 = 240;
    pub const MACROTILE_ARRAY_DEV_ADDR: u64 = 248;
    pub const RGN_HEADER_DEV_ADDR: u64 = 256;
    pub const RTC_DEV_ADDR: u64 = 264;
    pub const CLEANUP_STATE: u64 = 320;
    pub const SIZE: u64 = 384;
    /// Bit of [`FLAGS`].
    pub const HAS_LAST_GEOM: u32 = 1 << 2;
    /// Value of [`STATE`] after a reset.
    pub const STATE_HWR: u32 = 9;
}

/// `struct rogue_fwif_fwcommoncontext`: a queue of a context.
pub mod commoncontext {
    #![expect(missing_docs, reason = "the names are those of the fields")]
    pub const CCBCTL: u64 = 0;
    pub const CCB: u64 = 4;
    pub const CONTEXT_STATE: u64 = 24;
    pub const PRIORITY: u64 = 32;
    pub const DM: u64 = 60;
    pub const MAX_DEADLINE_MS: u64 = 104;
    pub const FW_MEM_CONTEXT: u64 = 136;
    pub const SERVER_COMMON_CONTEXT_ID: u64 = 140;
    pub const SIZE: u64 = 152;
}

/// `struct rogue_fwif_cccb_ctl`: the state of a client's circular buffer, in bytes.
pub mod cccb_ctl {
    #![expect(missing_docs, reason = "the names are those of the fields")]
    pub const WRITE_OFFSET: u64 = 0;
    pub const READ_OFFSET: u64 = 4;
    pub const DEP_OFFSET: u64 = 8;
    pub const WRAP_MASK: u64 = 12;
    pub const SIZE: u64 = 32;
}

/// Commands in a client's buffer (`ROGUE_FWIF_CCB_CMD_TYPE_*`), each behind a header of 40 bytes.
pub mod ccb_cmd {
    use super::MAGIC;

    const TASK: u32 = 1 << 15;
    /// Geometry.
    pub const GEOM: u32 = 201 | MAGIC | TASK;
    /// Transfer by the fragment data master.
    pub const TQ_3D: u32 = 202 | MAGIC | TASK;
    /// Fragment.
    pub const FRAG: u32 = 203 | MAGIC | TASK;
    /// Partial render.
    pub const FRAG_PR: u32 = 204 | MAGIC | TASK;
    /// Compute.
    pub const CDM: u32 = 205 | MAGIC | TASK;
    /// Write a value where somebody waits for it.
    pub const UPDATE: u32 = 213 | MAGIC;
    /// Nothing, up to the end of the buffer.
    pub const PADDING: u32 = 221 | MAGIC;
    /// Bytes of the header: type, size, two job numbers, three words for work estimation.
    pub const HEADER_SIZE: u32 = 40;
}

/// Stores a 32-bit field in firmware memory.
///
/// # Errors
///
/// `EFAULT` outside of the mapping.
pub fn put32(map: &KernelMap, at: u64, value: u32) -> Result {
    map.write(at, &value.to_le_bytes())
}

/// Stores a 64-bit field in firmware memory.
///
/// # Errors
///
/// `EFAULT` outside of the mapping.
pub fn put64(map: &KernelMap, at: u64, value: u64) -> Result {
    map.write(at, &value.to_le_bytes())
}

/// Loads a 32-bit field of firmware memory.
///
/// # Errors
///
/// `EFAULT` outside of the mapping.
pub fn get32(map: &KernelMap, at: u64) -> Result<u32> {
    let mut bytes = [0; 4];
    map.read(at, &mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}

//! The uAPI (`amdxdna_accel.h`): ioctl numbers and argument structs, byte for byte.

use bytemuck::{Pod, Zeroable};
use drm_core::device::IoctlNr;

/// `DRM_IOCTL_AMDXDNA_CREATE_HWCTX`.
pub const CREATE_HWCTX: IoctlNr = IoctlNr::driver(0, size_of::<CreateHwctx>());
/// `DRM_IOCTL_AMDXDNA_DESTROY_HWCTX`.
pub const DESTROY_HWCTX: IoctlNr = IoctlNr::driver(1, size_of::<DestroyHwctx>());
/// `DRM_IOCTL_AMDXDNA_CREATE_BO`.
pub const CREATE_BO: IoctlNr = IoctlNr::driver(3, size_of::<CreateBo>());
/// `DRM_IOCTL_AMDXDNA_GET_BO_INFO`.
pub const GET_BO_INFO: IoctlNr = IoctlNr::driver(4, size_of::<GetBoInfo>());
/// `DRM_IOCTL_AMDXDNA_SYNC_BO`.
pub const SYNC_BO: IoctlNr = IoctlNr::driver(5, size_of::<SyncBo>());
/// `DRM_IOCTL_AMDXDNA_EXEC_CMD`.
pub const EXEC_CMD: IoctlNr = IoctlNr::driver(6, size_of::<ExecCmd>());

/// `AMDXDNA_BO_SHARE`: memory of its own.
pub const SHARE: u32 = 1;
/// `AMDXDNA_BO_DEV_HEAP`: a chunk of the heap.
pub const DEV_HEAP: u32 = 2;
/// `AMDXDNA_BO_DEV`: a piece of the heap.
pub const DEV: u32 = 3;
/// `AMDXDNA_BO_CMD`: a command.
pub const CMD: u32 = 4;

/// `AMDXDNA_INVALID_ADDR`.
pub const INVALID_ADDR: u64 = u64::MAX;

/// `SYNC_DIRECT_TO_DEVICE`.
pub const TO_DEVICE: u32 = 0;
/// `SYNC_DIRECT_FROM_DEVICE`.
pub const FROM_DEVICE: u32 = 1;

/// `AMDXDNA_CMD_SUBMIT_EXEC_BUF`.
pub const SUBMIT_EXEC_BUF: u32 = 0;

/// State of a command (`enum ert_cmd_state`): just made.
pub const STATE_NEW: u32 = 1;
/// Done.
pub const STATE_COMPLETED: u32 = 4;
/// The device could not do it.
pub const STATE_ERROR: u32 = 5;

/// `struct amdxdna_drm_create_hwctx`.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct CreateHwctx {
    /// Must be 0.
    pub ext: u64,
    /// Must be 0.
    pub ext_flags: u64,
    /// Pointer to [`QosInfo`].
    pub qos_p: u64,
    /// BO of the user-mode queue.
    pub umq_bo: u32,
    /// BO of the log buffer.
    pub log_buf_bo: u32,
    /// Operations per cycle.
    pub max_opc: u32,
    /// AIE tiles.
    pub num_tiles: u32,
    /// Bytes of AIE tile memory.
    pub mem_size: u32,
    /// Out: doorbell of the user-mode queue.
    pub umq_doorbell: u32,
    /// Out: the context.
    pub handle: u32,
    /// Out: the sync object of its commands.
    pub syncobj_handle: u32,
}

/// `struct amdxdna_qos_info`.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct QosInfo {
    /// Giga-operations per second.
    pub gops: u32,
    /// Frames per second.
    pub fps: u32,
    /// DMA bandwidth.
    pub dma_bandwidth: u32,
    /// Frame latency.
    pub latency: u32,
    /// Execution time of a frame.
    pub frame_exec_time: u32,
    /// Priority.
    pub priority: u32,
}

/// `struct amdxdna_drm_destroy_hwctx`.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct DestroyHwctx {
    /// The context.
    pub handle: u32,
    /// Must be 0.
    pub pad: u32,
}

/// `struct amdxdna_drm_create_bo`.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct CreateBo {
    /// Must be 0.
    pub flags: u64,
    /// Pointer to a table of user ranges ([`VaTable`]), or 0.
    pub vaddr: u64,
    /// Bytes.
    pub size: u64,
    /// [`SHARE`], [`DEV_HEAP`], [`DEV`] or [`CMD`].
    pub kind: u32,
    /// Out: the handle.
    pub handle: u32,
}

/// `struct amdxdna_drm_va_tbl`; entries follow.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct VaTable {
    /// A dma-buf, where there are no entries.
    pub dmabuf_fd: i32,
    /// Entries that follow.
    pub num_entries: u32,
}

/// `struct amdxdna_drm_va_entry`.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct VaEntry {
    /// First address.
    pub vaddr: u64,
    /// Bytes.
    pub len: u64,
}

/// `struct amdxdna_drm_get_bo_info`.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct GetBoInfo {
    /// Must be 0.
    pub ext: u64,
    /// Must be 0.
    pub ext_flags: u64,
    /// The BO.
    pub handle: u32,
    /// Must be 0.
    pub pad: u32,
    /// Out: the offset to be given to `mmap`, in bytes.
    pub map_offset: u64,
    /// Out: where the process has it mapped.
    pub vaddr: u64,
    /// Out: where the device sees it.
    pub xdna_addr: u64,
}

/// `struct amdxdna_drm_sync_bo`.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct SyncBo {
    /// The BO.
    pub handle: u32,
    /// [`TO_DEVICE`] or [`FROM_DEVICE`]; nobody looks.
    pub direction: u32,
    /// First byte.
    pub offset: u64,
    /// Bytes.
    pub size: u64,
}

/// `struct amdxdna_drm_exec_cmd`.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct ExecCmd {
    /// Must be 0.
    pub ext: u64,
    /// Must be 0.
    pub ext_flags: u64,
    /// The context.
    pub hwctx: u32,
    /// [`SUBMIT_EXEC_BUF`].
    pub kind: u32,
    /// The command BO: with one command the handle itself.
    pub cmd_handles: u64,
    /// Pointer to the handles of the argument BOs.
    pub args: u64,
    /// Commands.
    pub cmd_count: u32,
    /// Argument BOs.
    pub arg_count: u32,
    /// Out: number of the command in its context.
    pub seq: u64,
}

const _: () = assert!(size_of::<CreateHwctx>() == 56 && size_of::<DestroyHwctx>() == 8);
const _: () = assert!(size_of::<CreateBo>() == 32 && size_of::<GetBoInfo>() == 48);
const _: () = assert!(size_of::<SyncBo>() == 24 && size_of::<ExecCmd>() == 56);
const _: () = assert!(size_of::<VaTable>() == 8 && size_of::<VaEntry>() == 16);

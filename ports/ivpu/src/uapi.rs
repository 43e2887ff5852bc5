//! The uAPI (`ivpu_accel.h`): ioctl numbers and argument structs, byte for byte.

use bytemuck::{Pod, Zeroable};
use drm_core::device::IoctlNr;

/// `DRM_IOCTL_IVPU_GET_PARAM`.
pub const GET_PARAM: IoctlNr = IoctlNr::driver(0, size_of::<GetParam>());
/// `DRM_IOCTL_IVPU_BO_CREATE`.
pub const BO_CREATE: IoctlNr = IoctlNr::driver(2, size_of::<BoCreate>());
/// `DRM_IOCTL_IVPU_BO_INFO`.
pub const BO_INFO: IoctlNr = IoctlNr::driver(3, size_of::<BoInfo>());
/// `DRM_IOCTL_IVPU_SUBMIT`.
pub const SUBMIT: IoctlNr = IoctlNr::driver(5, size_of::<Submit>());
/// `DRM_IOCTL_IVPU_BO_WAIT`.
pub const BO_WAIT: IoctlNr = IoctlNr::driver(6, size_of::<BoWait>());

/// BO_CREATE: addresses above 4 GiB (`HIGH_MEM`).
pub const BO_SHAVE_MEM: u32 = 1;
/// BO_CREATE: to be mapped by the CPU. User space may map any BO, whether it says so or not.
pub const BO_MAPPABLE: u32 = 2;
/// BO_CREATE: addresses of the DMA engine.
pub const BO_DMA_MEM: u32 = 4;
/// BO_CREATE: the bits of the cache mode.
pub const BO_CACHE_MASK: u32 = 0x30000;
/// BO_CREATE: cached. The NPU snoops.
pub const BO_CACHED: u32 = 0;
/// BO_CREATE: uncached; in the mask, and refused.
pub const BO_UNCACHED: u32 = 0x10000;
/// BO_CREATE: write-combined.
pub const BO_WC: u32 = 0x20000;

/// GET_PARAM: contexts of the device.
pub const PARAM_NUM_CONTEXTS: u32 = 4;
/// GET_PARAM: where the addresses of a file begin.
pub const PARAM_CONTEXT_BASE_ADDRESS: u32 = 5;
/// GET_PARAM: the number of the file's context.
pub const PARAM_CONTEXT_ID: u32 = 7;
/// GET_PARAM: what the driver can do, by index.
pub const PARAM_CAPABILITIES: u32 = 13;

/// The job is done.
pub const JOB_STATUS_SUCCESS: u32 = 0;
/// The job was aborted.
pub const JOB_STATUS_ABORTED: u32 = 256;

/// `struct drm_ivpu_param`.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct GetParam {
    /// Which.
    pub param: u32,
    /// For those that are lists.
    pub index: u32,
    /// Out.
    pub value: u64,
}

/// `struct drm_ivpu_bo_create`.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct BoCreate {
    /// Bytes.
    pub size: u64,
    /// `BO_*`.
    pub flags: u32,
    /// Out: the handle.
    pub handle: u32,
    /// Out: where the NPU will see it.
    pub vpu_addr: u64,
}

/// `struct drm_ivpu_bo_info`.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct BoInfo {
    /// The BO.
    pub handle: u32,
    /// Out: `BO_*`.
    pub flags: u32,
    /// Out: where the NPU sees it.
    pub vpu_addr: u64,
    /// Out: the offset to be given to `mmap`, in bytes.
    pub mmap_offset: u64,
    /// Out: bytes.
    pub size: u64,
}

/// `struct drm_ivpu_submit`.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct Submit {
    /// Pointer to an array of handles; the first is the command buffer.
    pub buffers_ptr: u64,
    /// How many.
    pub buffer_count: u32,
    /// Must be 0: compute.
    pub engine: u32,
    /// Nobody looks at them.
    pub flags: u32,
    /// Where the commands begin in the command buffer.
    pub commands_offset: u32,
    /// 0 for the default, 1 to 4 from idle to real-time.
    pub priority: u32,
    /// Padding.
    pub pad: u32,
}

/// `struct drm_ivpu_bo_wait`.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct BoWait {
    /// The BO.
    pub handle: u32,
    /// Nobody looks at them.
    pub flags: u32,
    /// When to give up, in nanoseconds of the monotonic clock.
    pub timeout_ns: i64,
    /// Out: what became of the job whose commands are in this BO.
    pub job_status: u32,
    /// Padding.
    pub pad: u32,
}

//! The uAPI (`rocket_accel.h`): ioctl numbers and argument structs, byte for byte.

use bytemuck::{Pod, Zeroable};
use drm_core::device::IoctlNr;

/// `DRM_IOCTL_ROCKET_CREATE_BO`.
pub const CREATE_BO: IoctlNr = IoctlNr::driver(0, size_of::<CreateBo>());
/// `DRM_IOCTL_ROCKET_SUBMIT`.
pub const SUBMIT: IoctlNr = IoctlNr::driver(1, size_of::<Submit>());
/// `DRM_IOCTL_ROCKET_PREP_BO`.
pub const PREP_BO: IoctlNr = IoctlNr::driver(2, size_of::<PrepBo>());
/// `DRM_IOCTL_ROCKET_FINI_BO`.
pub const FINI_BO: IoctlNr = IoctlNr::driver(3, size_of::<FiniBo>());

/// `struct drm_rocket_create_bo`.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct CreateBo {
    /// Bytes.
    pub size: u32,
    /// Out: the handle.
    pub handle: u32,
    /// Out: where the NPU sees it, in the address space of the file.
    pub dma_address: u64,
    /// Out: the offset to be given to `mmap`, in bytes.
    pub offset: u64,
}

/// `struct drm_rocket_submit`.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct Submit {
    /// Pointer to an array of [`Job`].
    pub jobs: u64,
    /// How many.
    pub job_count: u32,
    /// From one to the next, in bytes.
    pub job_struct_size: u32,
    /// Must be 0.
    pub reserved: u64,
}

/// `struct drm_rocket_job`.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct Job {
    /// Pointer to an array of [`Task`].
    pub tasks: u64,
    /// Pointer to an array of handles that are read.
    pub in_bo_handles: u64,
    /// Pointer to an array of handles that are written.
    pub out_bo_handles: u64,
    /// How many tasks.
    pub task_count: u32,
    /// From one task to the next, in bytes.
    pub task_struct_size: u32,
    /// How many handles are read.
    pub in_bo_handle_count: u32,
    /// How many handles are written.
    pub out_bo_handle_count: u32,
}

/// `struct drm_rocket_task`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Task {
    /// Device address of the register commands; nobody checks that it is a BO's.
    pub regcmd: u32,
    /// How many commands.
    pub regcmd_count: u32,
}

/// `struct drm_rocket_prep_bo`.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct PrepBo {
    /// The BO.
    pub handle: u32,
    /// Must be 0.
    pub reserved: u32,
    /// When to give up, in nanoseconds of the monotonic clock.
    pub timeout_ns: i64,
}

/// `struct drm_rocket_fini_bo`.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct FiniBo {
    /// The BO.
    pub handle: u32,
    /// Must be 0.
    pub reserved: u32,
}

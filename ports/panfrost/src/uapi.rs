//! What user space sees (`panfrost_drm.h`): numbers, and argument structs byte for byte.

use bytemuck::{Pod, Zeroable};
use drm_core::device::IoctlNr;

/// First number of the driver's ioctls (`DRM_COMMAND_BASE`).
const COMMAND_BASE: u32 = 0x40;

/// `DRM_IOCTL_PANFROST_SUBMIT`.
pub const SUBMIT: IoctlNr = IoctlNr::iow(COMMAND_BASE, size_of::<Submit>());
/// `DRM_IOCTL_PANFROST_WAIT_BO`.
pub const WAIT_BO: IoctlNr = IoctlNr::iow(COMMAND_BASE + 1, size_of::<WaitBo>());
/// `DRM_IOCTL_PANFROST_CREATE_BO`.
pub const CREATE_BO: IoctlNr = IoctlNr::iowr(COMMAND_BASE + 2, size_of::<CreateBo>());
/// `DRM_IOCTL_PANFROST_MMAP_BO`.
pub const MMAP_BO: IoctlNr = IoctlNr::iowr(COMMAND_BASE + 3, size_of::<MmapBo>());
/// `DRM_IOCTL_PANFROST_GET_PARAM`.
pub const GET_PARAM: IoctlNr = IoctlNr::iowr(COMMAND_BASE + 4, size_of::<GetParam>());
/// `DRM_IOCTL_PANFROST_GET_BO_OFFSET`.
pub const GET_BO_OFFSET: IoctlNr = IoctlNr::iowr(COMMAND_BASE + 5, size_of::<GetBoOffset>());
/// `DRM_IOCTL_PANFROST_PERFCNT_ENABLE`.
pub const PERFCNT_ENABLE: IoctlNr = IoctlNr::iow(COMMAND_BASE + 6, size_of::<PerfcntEnable>());
/// `DRM_IOCTL_PANFROST_PERFCNT_DUMP`.
pub const PERFCNT_DUMP: IoctlNr = IoctlNr::iow(COMMAND_BASE + 7, size_of::<PerfcntDump>());
/// `DRM_IOCTL_PANFROST_MADVISE`.
pub const MADVISE: IoctlNr = IoctlNr::iowr(COMMAND_BASE + 8, size_of::<Madvise>());

/// `PANFROST_BO_NOEXEC`: the GPU may not fetch instructions from it.
pub const BO_NOEXEC: u32 = 1;
/// `PANFROST_BO_HEAP`: pages come with GPU faults.
pub const BO_HEAP: u32 = 2;

/// `PANFROST_JD_REQ_FS`: a fragment job.
pub const JD_REQ_FS: u32 = 1;

/// `PANFROST_MADV_WILLNEED`.
pub const MADV_WILLNEED: u32 = 0;
/// `PANFROST_MADV_DONTNEED`.
pub const MADV_DONTNEED: u32 = 1;

/// `struct drm_panfrost_submit`.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct Submit {
    /// VA of the first job descriptor.
    pub jc: u64,
    /// Pointer to `in_sync_count` handles of sync objects to wait for.
    pub in_syncs: u64,
    /// How many.
    pub in_sync_count: u32,
    /// Handle of the sync object that gets the job's fence; 0 for none.
    pub out_sync: u32,
    /// Pointer to `bo_handle_count` handles of BOs that the job uses.
    pub bo_handles: u64,
    /// How many.
    pub bo_handle_count: u32,
    /// 0 or [`JD_REQ_FS`].
    pub requirements: u32,
}

/// `struct drm_panfrost_wait_bo`.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct WaitBo {
    /// The BO.
    pub handle: u32,
    /// Must be 0.
    pub pad: u32,
    /// When to give up: absolute, on the monotonic clock.
    pub timeout_ns: i64,
}

/// `struct drm_panfrost_create_bo`.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct CreateBo {
    /// Bytes.
    pub size: u32,
    /// [`BO_NOEXEC`], [`BO_HEAP`].
    pub flags: u32,
    /// Out.
    pub handle: u32,
    /// Must be 0.
    pub pad: u32,
    /// Out: VA.
    pub offset: u64,
}

/// `struct drm_panfrost_mmap_bo`.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct MmapBo {
    /// The BO.
    pub handle: u32,
    /// Must be 0.
    pub flags: u32,
    /// Out: offset for `mmap`.
    pub offset: u64,
}

/// `struct drm_panfrost_get_param`.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct GetParam {
    /// `enum drm_panfrost_param`.
    pub param: u32,
    /// Must be 0.
    pub pad: u32,
    /// Out.
    pub value: u64,
}

/// `struct drm_panfrost_get_bo_offset`.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct GetBoOffset {
    /// The BO.
    pub handle: u32,
    /// Looked at by nobody.
    pub pad: u32,
    /// Out: VA.
    pub offset: u64,
}

/// `struct drm_panfrost_perfcnt_enable`.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct PerfcntEnable {
    /// On or off.
    pub enable: u32,
    /// Which set of counters.
    pub counterset: u32,
}

/// `struct drm_panfrost_perfcnt_dump`.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct PerfcntDump {
    /// Pointer to room for the counters.
    pub buf_ptr: u64,
}

/// `struct drm_panfrost_madvise`.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct Madvise {
    /// The BO.
    pub handle: u32,
    /// [`MADV_WILLNEED`] or [`MADV_DONTNEED`]; nobody checks.
    pub madv: u32,
    /// Out: whether the contents are still there.
    pub retained: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_kernels_header() {
        let raw = [
            SUBMIT,
            WAIT_BO,
            CREATE_BO,
            MMAP_BO,
            GET_PARAM,
            GET_BO_OFFSET,
            PERFCNT_ENABLE,
            PERFCNT_DUMP,
            MADVISE,
        ]
        .map(IoctlNr::raw);
        assert_eq!(
            raw,
            [
                0x4028_6440,
                0x4010_6441,
                0xc018_6442,
                0xc010_6443,
                0xc010_6444,
                0xc010_6445,
                0x4008_6446,
                0x4008_6447,
                0xc00c_6448
            ]
        );
    }
}

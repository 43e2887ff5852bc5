//! Ioctl numbers and argument structs, byte for byte as in `include/uapi/drm/v3d_drm.h`; the extensions of a submission are
//! in [`ext`].

pub mod ext;

use bytemuck::{Pod, Zeroable};

/// Numbers behind `DRM_COMMAND_BASE`.
pub mod nr {
    /// `DRM_V3D_SUBMIT_CL`
    pub const SUBMIT_CL: u32 = 0x00;
    /// `DRM_V3D_WAIT_BO`
    pub const WAIT_BO: u32 = 0x01;
    /// `DRM_V3D_CREATE_BO`
    pub const CREATE_BO: u32 = 0x02;
    /// `DRM_V3D_MMAP_BO`
    pub const MMAP_BO: u32 = 0x03;
    /// `DRM_V3D_GET_PARAM`
    pub const GET_PARAM: u32 = 0x04;
    /// `DRM_V3D_GET_BO_OFFSET`
    pub const GET_BO_OFFSET: u32 = 0x05;
    /// `DRM_V3D_SUBMIT_TFU`
    pub const SUBMIT_TFU: u32 = 0x06;
    /// `DRM_V3D_SUBMIT_CSD`
    pub const SUBMIT_CSD: u32 = 0x07;
    /// `DRM_V3D_SUBMIT_CPU`
    pub const SUBMIT_CPU: u32 = 0x0b;
}

/// What GET_PARAM may be asked (`enum drm_v3d_param`).
pub mod param {
    /// First of the registers.
    pub const UIFCFG: u32 = 0;
    /// Last of the registers; between them the hub's and the core's identification.
    pub const CORE0_IDENT2: u32 = 6;
    /// Texture formatting unit.
    pub const SUPPORTS_TFU: u32 = 7;
    /// Compute shaders.
    pub const SUPPORTS_CSD: u32 = 8;
    /// `SUBMIT_CL` can clean the caches.
    pub const SUPPORTS_CACHE_FLUSH: u32 = 9;
    /// Performance monitors.
    pub const SUPPORTS_PERFMON: u32 = 10;
    /// More than one sync object for a job.
    pub const SUPPORTS_MULTISYNC_EXT: u32 = 11;
    /// CPU jobs.
    pub const SUPPORTS_CPU_QUEUE: u32 = 12;
    /// Number of performance counters.
    pub const MAX_PERF_COUNTERS: u32 = 13;
}

/// `DRM_V3D_SUBMIT_CL_FLUSH_CACHE`
pub const SUBMIT_CL_FLUSH_CACHE: u32 = 1;
/// `DRM_V3D_SUBMIT_EXTENSION`
pub const SUBMIT_EXTENSION: u32 = 2;

/// `struct drm_v3d_wait_bo`
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct WaitBo {
    /// The object.
    pub handle: u32,
    /// Must be 0.
    pub pad: u32,
    /// In: how long at most, in nanoseconds from now. Out: what is left.
    pub timeout_ns: u64,
}

/// `struct drm_v3d_create_bo`
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct CreateBo {
    /// Bytes.
    pub size: u32,
    /// Must be 0.
    pub flags: u32,
    /// Out: the handle.
    pub handle: u32,
    /// Out: the GPU address.
    pub offset: u32,
}

/// `struct drm_v3d_mmap_bo`
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct MmapBo {
    /// The object.
    pub handle: u32,
    /// Must be 0.
    pub flags: u32,
    /// Out: the offset for `mmap()`.
    pub offset: u64,
}

/// `struct drm_v3d_get_param`
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct GetParam {
    /// What is asked.
    pub param: u32,
    /// Must be 0.
    pub pad: u32,
    /// Out: the answer; must be 0 on the way in where a register is asked for.
    pub value: u64,
}

/// `struct drm_v3d_get_bo_offset`
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct GetBoOffset {
    /// The object.
    pub handle: u32,
    /// Out: the GPU address.
    pub offset: u32,
}

/// `struct drm_v3d_submit_cl`
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct SubmitCl {
    /// Binner list: first byte.
    pub bcl_start: u32,
    /// Binner list: byte after the last. The same as the start: no binning.
    pub bcl_end: u32,
    /// Render list: first byte.
    pub rcl_start: u32,
    /// Render list: byte after the last.
    pub rcl_end: u32,
    /// Sync object that binning waits for.
    pub in_sync_bcl: u32,
    /// Sync object that rendering waits for.
    pub in_sync_rcl: u32,
    /// Sync object that gets the fence.
    pub out_sync: u32,
    /// Tile allocation memory.
    pub qma: u32,
    /// Its size.
    pub qms: u32,
    /// Tile state data.
    pub qts: u32,
    /// Pointer to the handles.
    pub bo_handles: u64,
    /// How many.
    pub bo_handle_count: u32,
    /// `DRM_V3D_SUBMIT_*`
    pub flags: u32,
    /// Performance monitor; 0 for none.
    pub perfmon_id: u32,
    /// Must be 0.
    pub pad: u32,
    /// Pointer to the first extension.
    pub extensions: u64,
}

/// `struct drm_v3d_submit_tfu`
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct SubmitTfu {
    /// Registers: configuration.
    pub icfg: u32,
    /// Input address.
    pub iia: u32,
    /// Input stride.
    pub iis: u32,
    /// Input chroma address.
    pub ica: u32,
    /// Input U-plane address.
    pub iua: u32,
    /// Output address.
    pub ioa: u32,
    /// Output size.
    pub ios: u32,
    /// Coefficients.
    pub coef: [u32; 4],
    /// The output object, then inputs, up to the first 0.
    pub bo_handles: [u32; 4],
    /// Sync object to wait for.
    pub in_sync: u32,
    /// Sync object that gets the fence.
    pub out_sync: u32,
    /// `DRM_V3D_SUBMIT_EXTENSION`
    pub flags: u32,
    /// Pointer to the first extension.
    pub extensions: u64,
    /// Output configuration, from V3D 7.1 on.
    pub ioc: u32,
    /// Unused.
    pub pad: u32,
}

/// `struct drm_v3d_submit_csd`
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct SubmitCsd {
    /// Registers; work groups are in the upper halves of the first three.
    pub cfg: [u32; 7],
    /// Coefficients.
    pub coef: [u32; 4],
    /// Filled by the compiler in C.
    pub _hole: u32,
    /// Pointer to the handles.
    pub bo_handles: u64,
    /// How many.
    pub bo_handle_count: u32,
    /// Sync object to wait for.
    pub in_sync: u32,
    /// Sync object that gets the fence.
    pub out_sync: u32,
    /// Performance monitor; 0 for none.
    pub perfmon_id: u32,
    /// Pointer to the first extension.
    pub extensions: u64,
    /// `DRM_V3D_SUBMIT_EXTENSION`
    pub flags: u32,
    /// Must be 0.
    pub pad: u32,
}

/// `struct drm_v3d_submit_cpu`
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct SubmitCpu {
    /// Pointer to the handles.
    pub bo_handles: u64,
    /// How many; each kind of job wants its own number.
    pub bo_handle_count: u32,
    /// `DRM_V3D_SUBMIT_EXTENSION`
    pub flags: u32,
    /// Pointer to the first extension.
    pub extensions: u64,
}

/// The size of each argument struct.
#[must_use]
pub fn size(nr: u32) -> Option<usize> {
    Some(match nr {
        nr::SUBMIT_CL => size_of::<SubmitCl>(),
        nr::WAIT_BO => size_of::<WaitBo>(),
        nr::CREATE_BO => size_of::<CreateBo>(),
        nr::MMAP_BO => size_of::<MmapBo>(),
        nr::GET_PARAM => size_of::<GetParam>(),
        nr::GET_BO_OFFSET => size_of::<GetBoOffset>(),
        nr::SUBMIT_TFU => size_of::<SubmitTfu>(),
        nr::SUBMIT_CSD => size_of::<SubmitCsd>(),
        nr::SUBMIT_CPU => size_of::<SubmitCpu>(),
        _ => return None,
    })
}

/// What a compiler for the kernel makes of the structs.
const _: () = {
    assert!(size_of::<SubmitCl>() == 72);
    assert!(size_of::<SubmitTfu>() == 88);
    assert!(size_of::<SubmitCsd>() == 88);
    assert!(size_of::<SubmitCpu>() == 24);
};

//! Ioctl numbers and argument structs, byte for byte as in `include/uapi/drm/lima_drm.h`.

use bytemuck::{Pod, Zeroable};

/// Numbers behind `DRM_COMMAND_BASE`.
pub mod nr {
    /// `DRM_LIMA_GET_PARAM`
    pub const GET_PARAM: u32 = 0x00;
    /// `DRM_LIMA_GEM_CREATE`
    pub const GEM_CREATE: u32 = 0x01;
    /// `DRM_LIMA_GEM_INFO`
    pub const GEM_INFO: u32 = 0x02;
    /// `DRM_LIMA_GEM_SUBMIT`
    pub const GEM_SUBMIT: u32 = 0x03;
    /// `DRM_LIMA_GEM_WAIT`
    pub const GEM_WAIT: u32 = 0x04;
    /// `DRM_LIMA_CTX_CREATE`: declared as one that only writes, so what user space passes in is not seen.
    pub const CTX_CREATE: u32 = 0x05;
    /// `DRM_LIMA_CTX_FREE`
    pub const CTX_FREE: u32 = 0x06;
}

/// What GET_PARAM may be asked (`enum drm_lima_param`).
pub mod param {
    /// 1 for Mali-400, 2 for Mali-450.
    pub const GPU_ID: u32 = 0;
    /// Pixel processors.
    pub const NUM_PP: u32 = 1;
    /// Version of the geometry processor.
    pub const GP_VERSION: u32 = 2;
    /// Version of the pixel processors.
    pub const PP_VERSION: u32 = 3;
}

/// `LIMA_BO_FLAG_HEAP`: backed as it is used.
pub const BO_FLAG_HEAP: u32 = 1;
/// `LIMA_SUBMIT_BO_READ`
pub const SUBMIT_BO_READ: u32 = 1;
/// `LIMA_SUBMIT_BO_WRITE`
pub const SUBMIT_BO_WRITE: u32 = 2;
/// `LIMA_SUBMIT_FLAG_EXPLICIT_FENCE`
pub const SUBMIT_FLAG_EXPLICIT_FENCE: u32 = 1;
/// `LIMA_GEM_WAIT_READ`
pub const WAIT_READ: u32 = 1;
/// `LIMA_GEM_WAIT_WRITE`
pub const WAIT_WRITE: u32 = 2;
/// `LIMA_PIPE_GP`
pub const PIPE_GP: u32 = 0;
/// `LIMA_PIPE_PP`
pub const PIPE_PP: u32 = 1;

/// `struct drm_lima_get_param`
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct GetParam {
    /// What is asked.
    pub param: u32,
    /// Must be 0.
    pub pad: u32,
    /// Out: the answer.
    pub value: u64,
}

/// `struct drm_lima_gem_create`
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct GemCreate {
    /// Bytes; for a heap, at most.
    pub size: u32,
    /// `LIMA_BO_FLAG_*`
    pub flags: u32,
    /// Out: the handle.
    pub handle: u32,
    /// Must be 0.
    pub pad: u32,
}

/// `struct drm_lima_gem_info`
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct GemInfo {
    /// The object.
    pub handle: u32,
    /// Out: the GPU address in this file's space.
    pub va: u32,
    /// Out: the offset for `mmap()`, also for a heap, which cannot be mapped.
    pub offset: u64,
}

/// `struct drm_lima_gem_submit_bo`
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct SubmitBo {
    /// The object.
    pub handle: u32,
    /// `LIMA_SUBMIT_BO_*`
    pub flags: u32,
}

/// `struct drm_lima_gem_submit`
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct GemSubmit {
    /// The context.
    pub ctx: u32,
    /// `LIMA_PIPE_*`
    pub pipe: u32,
    /// How many objects.
    pub nr_bos: u32,
    /// Bytes of the frame: exactly what the pipe wants.
    pub frame_size: u32,
    /// Pointer to [`SubmitBo`]s.
    pub bos: u64,
    /// Pointer to the frame.
    pub frame: u64,
    /// `LIMA_SUBMIT_FLAG_*`
    pub flags: u32,
    /// Sync object that gets the fence; 0 for none.
    pub out_sync: u32,
    /// Sync objects to wait for; 0 for none.
    pub in_sync: [u32; 2],
}

/// `struct drm_lima_gem_wait`
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct GemWait {
    /// The object.
    pub handle: u32,
    /// `LIMA_GEM_WAIT_*`; with 0 nothing is looked at.
    pub op: u32,
    /// Until when, in nanoseconds of the monotonic clock.
    pub timeout_ns: i64,
}

/// `struct drm_lima_ctx_create`, `struct drm_lima_ctx_free`
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct Ctx {
    /// The context.
    pub id: u32,
    /// Must be 0.
    pub pad: u32,
}

/// `struct drm_lima_gp_frame`: registers of the geometry processor.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct GpFrame {
    /// Vertex shader commands: first byte.
    pub vs_start: u32,
    /// Vertex shader commands: byte after the last.
    pub vs_end: u32,
    /// Polygon list builder commands: first byte.
    pub plbu_start: u32,
    /// Polygon list builder commands: byte after the last.
    pub plbu_end: u32,
    /// The heap: first byte.
    pub alloc_start: u32,
    /// The heap: byte after the last. What user space says is overwritten where the object is a heap.
    pub alloc_end: u32,
}

/// `struct drm_lima_m400_pp_frame`
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct M400PpFrame {
    /// Registers.
    pub frame: [u32; 23],
    /// Pixel processors to use.
    pub num_pp: u32,
    /// Write-back units.
    pub wb: [[u32; 12]; 3],
    /// Polygon list of each.
    pub plbu_array_address: [u32; 4],
    /// Stack of each.
    pub fragment_stack_address: [u32; 4],
}

/// `struct drm_lima_m450_pp_frame`
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct M450PpFrame {
    /// Registers.
    pub frame: [u32; 23],
    /// Pixel processors to use.
    pub num_pp: u32,
    /// Write-back units.
    pub wb: [[u32; 12]; 3],
    /// Whether the load balancer deals out tiles.
    pub use_dlbu: u32,
    /// Must be 0.
    pub pad: u32,
    /// Polygon list of each, or four registers of the load balancer.
    pub plbu_array_address: [u32; 8],
    /// Stack of each.
    pub fragment_stack_address: [u32; 8],
}

/// The size of each argument struct.
#[must_use]
pub fn size(nr: u32) -> Option<usize> {
    Some(match nr {
        nr::GET_PARAM => size_of::<GetParam>(),
        nr::GEM_CREATE => size_of::<GemCreate>(),
        nr::GEM_INFO => size_of::<GemInfo>(),
        nr::GEM_SUBMIT => size_of::<GemSubmit>(),
        nr::GEM_WAIT => size_of::<GemWait>(),
        nr::CTX_CREATE | nr::CTX_FREE => size_of::<Ctx>(),
        _ => return None,
    })
}

/// What a compiler for the kernel makes of the structs.
const _: () = {
    assert!(size_of::<GemSubmit>() == 48);
    assert!(size_of::<GpFrame>() == 24);
    assert!(size_of::<M400PpFrame>() == 272);
    assert!(size_of::<M450PpFrame>() == 312);
};

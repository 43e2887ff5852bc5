//! Numbers and structs of the ioctls, byte for byte as `virtgpu_drm.h` has them.

use bytemuck::{Pod, Zeroable};
use drm_core::device::IoctlNr;

/// `VIRTGPU_EXECBUF_FENCE_FD_IN`.
pub const EXECBUF_FENCE_FD_IN: u32 = 1;
/// `VIRTGPU_EXECBUF_FENCE_FD_OUT`.
pub const EXECBUF_FENCE_FD_OUT: u32 = 2;
/// `VIRTGPU_EXECBUF_RING_IDX`.
pub const EXECBUF_RING_IDX: u32 = 4;
/// `VIRTGPU_EXECBUF_SYNCOBJ_RESET`.
pub const EXECBUF_SYNCOBJ_RESET: u32 = 1;

/// `VIRTGPU_PARAM_3D_FEATURES`.
pub const PARAM_3D_FEATURES: u64 = 1;
/// `VIRTGPU_PARAM_CAPSET_QUERY_FIX`.
pub const PARAM_CAPSET_QUERY_FIX: u64 = 2;
/// `VIRTGPU_PARAM_RESOURCE_BLOB`.
pub const PARAM_RESOURCE_BLOB: u64 = 3;
/// `VIRTGPU_PARAM_HOST_VISIBLE`.
pub const PARAM_HOST_VISIBLE: u64 = 4;
/// `VIRTGPU_PARAM_CROSS_DEVICE`.
pub const PARAM_CROSS_DEVICE: u64 = 5;
/// `VIRTGPU_PARAM_CONTEXT_INIT`.
pub const PARAM_CONTEXT_INIT: u64 = 6;
/// `VIRTGPU_PARAM_SUPPORTED_CAPSET_IDs`.
pub const PARAM_SUPPORTED_CAPSET_IDS: u64 = 7;
/// `VIRTGPU_PARAM_EXPLICIT_DEBUG_NAME`.
pub const PARAM_EXPLICIT_DEBUG_NAME: u64 = 8;

/// `VIRTGPU_WAIT_NOWAIT`.
pub const WAIT_NOWAIT: u32 = 1;

/// `VIRTGPU_BLOB_MEM_GUEST`: memory of the guest.
pub const BLOB_MEM_GUEST: u32 = 1;
/// `VIRTGPU_BLOB_MEM_HOST3D`: memory of the host.
pub const BLOB_MEM_HOST3D: u32 = 2;
/// `VIRTGPU_BLOB_MEM_HOST3D_GUEST`: memory of the guest, for the host's renderer.
pub const BLOB_MEM_HOST3D_GUEST: u32 = 3;
/// `VIRTGPU_BLOB_FLAG_USE_MAPPABLE`.
pub const BLOB_FLAG_USE_MAPPABLE: u32 = 1;
/// `VIRTGPU_BLOB_FLAG_USE_SHAREABLE`.
pub const BLOB_FLAG_USE_SHAREABLE: u32 = 2;
/// `VIRTGPU_BLOB_FLAG_USE_CROSS_DEVICE`.
pub const BLOB_FLAG_USE_CROSS_DEVICE: u32 = 4;

/// `VIRTGPU_CONTEXT_PARAM_CAPSET_ID`.
pub const CONTEXT_PARAM_CAPSET_ID: u64 = 1;
/// `VIRTGPU_CONTEXT_PARAM_NUM_RINGS`.
pub const CONTEXT_PARAM_NUM_RINGS: u64 = 2;
/// `VIRTGPU_CONTEXT_PARAM_POLL_RINGS_MASK`.
pub const CONTEXT_PARAM_POLL_RINGS_MASK: u64 = 3;
/// `VIRTGPU_CONTEXT_PARAM_DEBUG_NAME`.
pub const CONTEXT_PARAM_DEBUG_NAME: u64 = 4;

/// `struct drm_virtgpu_map`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
pub struct Map {
    /// Out: where to map it.
    pub offset: u64,
    /// The object.
    pub handle: u32,
    /// Not looked at.
    pub pad: u32,
}

/// `struct drm_virtgpu_execbuffer_syncobj`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
pub struct ExecbufferSyncobj {
    /// The sync object.
    pub handle: u32,
    /// [`EXECBUF_SYNCOBJ_RESET`], of one that is waited for.
    pub flags: u32,
    /// The point on its timeline, 0 for none.
    pub point: u64,
}

/// `struct drm_virtgpu_execbuffer`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
pub struct Execbuffer {
    /// `EXECBUF_*`.
    pub flags: u32,
    /// Bytes of the commands.
    pub size: u32,
    /// Where the commands are.
    pub command: u64,
    /// Where the handles of the objects are.
    pub bo_handles: u64,
    /// How many there are.
    pub num_bo_handles: u32,
    /// A descriptor of a fence, in and out.
    pub fence_fd: i32,
    /// The ring, with [`EXECBUF_RING_IDX`].
    pub ring_idx: u32,
    /// Bytes from one sync object to the next.
    pub syncobj_stride: u32,
    /// Sync objects that are waited for.
    pub num_in_syncobjs: u32,
    /// Sync objects that are signalled.
    pub num_out_syncobjs: u32,
    /// Where the first are.
    pub in_syncobjs: u64,
    /// Where the second are.
    pub out_syncobjs: u64,
}

/// `struct drm_virtgpu_getparam`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
pub struct Getparam {
    /// `PARAM_*`.
    pub param: u64,
    /// Where the answer goes, an `int`.
    pub value: u64,
}

/// `struct drm_virtgpu_resource_create`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
pub struct ResourceCreate {
    /// Kind of texture; 2 is a plain one.
    pub target: u32,
    /// The host's format.
    pub format: u32,
    /// What it is for.
    pub bind: u32,
    /// Pixels of a line.
    pub width: u32,
    /// Lines.
    pub height: u32,
    /// Layers of a volume.
    pub depth: u32,
    /// Layers of an array.
    pub array_size: u32,
    /// Levels beyond the first.
    pub last_level: u32,
    /// Samples.
    pub nr_samples: u32,
    /// The host's flags.
    pub flags: u32,
    /// Out: the handle.
    pub bo_handle: u32,
    /// Out: the host's number of it.
    pub res_handle: u32,
    /// Bytes.
    pub size: u32,
    /// Not looked at.
    pub stride: u32,
}

/// `struct drm_virtgpu_resource_info`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
pub struct ResourceInfo {
    /// The object.
    pub bo_handle: u32,
    /// Out: the host's number of it.
    pub res_handle: u32,
    /// Out: bytes, of which 32 bits fit.
    pub size: u32,
    /// Out: whose memory, if it is a blob; else what was there.
    pub blob_mem: u32,
}

/// `struct drm_virtgpu_3d_box`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
pub struct Box3d {
    /// First pixel of a line.
    pub x: u32,
    /// First line.
    pub y: u32,
    /// First layer.
    pub z: u32,
    /// Pixels.
    pub w: u32,
    /// Lines.
    pub h: u32,
    /// Layers.
    pub d: u32,
}

/// `struct drm_virtgpu_3d_transfer_to_host`, and `.._from_host`, which is the same.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
pub struct Transfer {
    /// The object.
    pub bo_handle: u32,
    /// What of it.
    pub r#box: Box3d,
    /// Which level.
    pub level: u32,
    /// First byte in the guest's memory.
    pub offset: u32,
    /// Bytes of a line, 0 for as many as it has.
    pub stride: u32,
    /// Bytes of a layer.
    pub layer_stride: u32,
}

/// `struct drm_virtgpu_3d_wait`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
pub struct Wait {
    /// The object.
    pub handle: u32,
    /// [`WAIT_NOWAIT`].
    pub flags: u32,
}

/// `struct drm_virtgpu_get_caps`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
pub struct GetCaps {
    /// Which set.
    pub cap_set_id: u32,
    /// Which version of it.
    pub cap_set_ver: u32,
    /// Where it goes.
    pub addr: u64,
    /// Bytes there.
    pub size: u32,
    /// Not looked at.
    pub pad: u32,
}

/// `struct drm_virtgpu_resource_create_blob`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
pub struct ResourceCreateBlob {
    /// `BLOB_MEM_*`.
    pub blob_mem: u32,
    /// `BLOB_FLAG_*`.
    pub blob_flags: u32,
    /// Out: the handle.
    pub bo_handle: u32,
    /// Out: the host's number of it.
    pub res_handle: u32,
    /// Bytes.
    pub size: u64,
    /// Not looked at.
    pub pad: u32,
    /// Bytes of commands that are sent first.
    pub cmd_size: u32,
    /// Where they are.
    pub cmd: u64,
    /// The host's memory, by a number that those commands gave it.
    pub blob_id: u64,
}

/// `struct drm_virtgpu_context_set_param`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
pub struct ContextSetParam {
    /// `CONTEXT_PARAM_*`.
    pub param: u64,
    /// Its value.
    pub value: u64,
}

/// `struct drm_virtgpu_context_init`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
pub struct ContextInit {
    /// How many parameters.
    pub num_params: u32,
    /// Not looked at.
    pub pad: u32,
    /// Where they are.
    pub ctx_set_params: u64,
}

/// `DRM_IOCTL_VIRTGPU_MAP`.
pub const MAP: IoctlNr = IoctlNr::driver(1, size_of::<Map>());
/// `DRM_IOCTL_VIRTGPU_EXECBUFFER`.
pub const EXECBUFFER: IoctlNr = IoctlNr::driver(2, size_of::<Execbuffer>());
/// `DRM_IOCTL_VIRTGPU_GETPARAM`.
pub const GETPARAM: IoctlNr = IoctlNr::driver(3, size_of::<Getparam>());
/// `DRM_IOCTL_VIRTGPU_RESOURCE_CREATE`.
pub const RESOURCE_CREATE: IoctlNr = IoctlNr::driver(4, size_of::<ResourceCreate>());
/// `DRM_IOCTL_VIRTGPU_RESOURCE_INFO`.
pub const RESOURCE_INFO: IoctlNr = IoctlNr::driver(5, size_of::<ResourceInfo>());
/// `DRM_IOCTL_VIRTGPU_TRANSFER_FROM_HOST`.
pub const TRANSFER_FROM_HOST: IoctlNr = IoctlNr::driver(6, size_of::<Transfer>());
/// `DRM_IOCTL_VIRTGPU_TRANSFER_TO_HOST`.
pub const TRANSFER_TO_HOST: IoctlNr = IoctlNr::driver(7, size_of::<Transfer>());
/// `DRM_IOCTL_VIRTGPU_WAIT`.
pub const WAIT: IoctlNr = IoctlNr::driver(8, size_of::<Wait>());
/// `DRM_IOCTL_VIRTGPU_GET_CAPS`.
pub const GET_CAPS: IoctlNr = IoctlNr::driver(9, size_of::<GetCaps>());
/// `DRM_IOCTL_VIRTGPU_RESOURCE_CREATE_BLOB`.
pub const RESOURCE_CREATE_BLOB: IoctlNr = IoctlNr::driver(10, size_of::<ResourceCreateBlob>());
/// `DRM_IOCTL_VIRTGPU_CONTEXT_INIT`.
pub const CONTEXT_INIT: IoctlNr = IoctlNr::driver(11, size_of::<ContextInit>());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structs_have_the_kernels_sizes() {
        let sizes = [
            MAP,
            EXECBUFFER,
            GETPARAM,
            RESOURCE_CREATE,
            RESOURCE_INFO,
            TRANSFER_FROM_HOST,
            TRANSFER_TO_HOST,
            WAIT,
            GET_CAPS,
            RESOURCE_CREATE_BLOB,
            CONTEXT_INIT,
        ]
        .map(IoctlNr::size);
        assert_eq!(sizes, [16, 64, 16, 56, 16, 44, 44, 8, 24, 48, 16]);
        assert_eq!(EXECBUFFER.raw(), 0xc040_6442);
    }
}

//! Ioctl numbers and argument structs, byte for byte as in `include/uapi/drm/panthor_drm.h` of Linux 6.12 (driver 1.0).

use bytemuck::{Pod, Zeroable};
use drm_core::device::IoctlNr;

/// Where in the file the registers for user space begin (`DRM_PANTHOR_USER_MMIO_OFFSET_64BIT`).
pub const USER_MMIO_OFFSET: u64 = 1 << 56;
/// Where the page of the flush id register is.
pub const USER_FLUSH_ID_MMIO_OFFSET: u64 = USER_MMIO_OFFSET;

/// Declares an argument struct and its number.
macro_rules! ioctls {
    ($($(#[$doc:meta])* $name:ident = $nr:literal: $arg:ty;)+) => {$(
        $(#[$doc])*
        pub const $name: IoctlNr = IoctlNr::driver($nr, size_of::<$arg>());
    )+

        /// The size of the argument struct of ioctl `nr`, less `DRM_COMMAND_BASE`.
        #[must_use]
        pub const fn arg_size(nr: u32) -> Option<usize> {
            match nr {
                $($nr => Some(size_of::<$arg>()),)+
                _ => None,
            }
        }
    };
}

ioctls! {
    /// Facts about the device.
    DEV_QUERY = 0: DevQuery;
    /// A new address space.
    VM_CREATE = 1: VmCreate;
    /// The end of an address space.
    VM_DESTROY = 2: VmDestroy;
    /// Map and unmap.
    VM_BIND = 3: VmBind;
    /// Whether an address space is usable.
    VM_GET_STATE = 4: VmGetState;
    /// A new buffer object.
    BO_CREATE = 5: BoCreate;
    /// Where a buffer object can be mapped.
    BO_MMAP_OFFSET = 6: BoMmapOffset;
    /// A new group of queues.
    GROUP_CREATE = 7: GroupCreate;
    /// The end of a group.
    GROUP_DESTROY = 8: GroupDestroy;
    /// Jobs for the queues of a group.
    GROUP_SUBMIT = 9: GroupSubmit;
    /// Whether a group failed.
    GROUP_GET_STATE = 10: GroupGetState;
    /// A new tiler heap.
    TILER_HEAP_CREATE = 11: TilerHeapCreate;
    /// The end of a tiler heap.
    TILER_HEAP_DESTROY = 12: TilerHeapDestroy;
}

/// An array of structs of user space (`drm_panthor_obj_array`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
#[expect(missing_docs, reason = "named as in the uapi header")]
pub struct ObjArray {
    pub stride: u32,
    pub count: u32,
    pub array: u64,
}

/// The kind of handle, in the flags of a [`SyncOp`].
pub const SYNC_OP_HANDLE_TYPE_MASK: u32 = 0xff;
/// A binary sync object.
pub const SYNC_OP_HANDLE_TYPE_SYNCOBJ: u32 = 0;
/// A point of a timeline.
pub const SYNC_OP_HANDLE_TYPE_TIMELINE_SYNCOBJ: u32 = 1;
/// The job signals; without it, the job waits.
pub const SYNC_OP_SIGNAL: u32 = 1 << 31;

/// What a job waits for or signals (`drm_panthor_sync_op`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
#[expect(missing_docs, reason = "named as in the uapi header")]
pub struct SyncOp {
    pub flags: u32,
    pub handle: u32,
    pub timeline_value: u64,
}

/// [`GpuInfo`] is asked for.
pub const DEV_QUERY_GPU_INFO: u32 = 0;
/// [`CsifInfo`] is asked for.
pub const DEV_QUERY_CSIF_INFO: u32 = 1;

/// `drm_panthor_gpu_info`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
#[expect(missing_docs, reason = "named as in the uapi header")]
pub struct GpuInfo {
    pub gpu_id: u32,
    pub gpu_rev: u32,
    pub csf_id: u32,
    pub l2_features: u32,
    pub tiler_features: u32,
    pub mem_features: u32,
    pub mmu_features: u32,
    pub thread_features: u32,
    pub max_threads: u32,
    pub thread_max_workgroup_size: u32,
    pub thread_max_barrier_size: u32,
    pub coherency_features: u32,
    pub texture_features: [u32; 4],
    pub as_present: u32,
    pub pad0: u32,
    pub shader_present: u64,
    pub l2_present: u64,
    pub tiler_present: u64,
    pub core_features: u32,
    pub pad: u32,
}

/// `drm_panthor_csif_info`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
#[expect(missing_docs, reason = "named as in the uapi header")]
pub struct CsifInfo {
    pub csg_slot_count: u32,
    pub cs_slot_count: u32,
    pub cs_reg_count: u32,
    pub scoreboard_slot_count: u32,
    pub unpreserved_cs_reg_count: u32,
    pub pad: u32,
}

/// `drm_panthor_dev_query`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
#[expect(missing_docs, reason = "named as in the uapi header")]
pub struct DevQuery {
    pub type_: u32,
    pub size: u32,
    pub pointer: u64,
}

/// `drm_panthor_vm_create`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
#[expect(missing_docs, reason = "named as in the uapi header")]
pub struct VmCreate {
    pub flags: u32,
    pub id: u32,
    pub user_va_range: u64,
}

/// `drm_panthor_vm_destroy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
#[expect(missing_docs, reason = "named as in the uapi header")]
pub struct VmDestroy {
    pub id: u32,
    pub pad: u32,
}

/// The GPU may not write.
pub const VM_BIND_OP_MAP_READONLY: u32 = 1;
/// The GPU may not execute.
pub const VM_BIND_OP_MAP_NOEXEC: u32 = 1 << 1;
/// The GPU does not cache.
pub const VM_BIND_OP_MAP_UNCACHED: u32 = 1 << 2;
/// What is asked for.
pub const VM_BIND_OP_TYPE_MASK: u32 = 0xf << 28;
/// Map.
pub const VM_BIND_OP_TYPE_MAP: u32 = 0;
/// Unmap.
pub const VM_BIND_OP_TYPE_UNMAP: u32 = 1 << 28;
/// Only wait and signal.
pub const VM_BIND_OP_TYPE_SYNC_ONLY: u32 = 2 << 28;

/// `drm_panthor_vm_bind_op`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
#[expect(missing_docs, reason = "named as in the uapi header")]
pub struct VmBindOp {
    pub flags: u32,
    pub bo_handle: u32,
    pub bo_offset: u64,
    pub va: u64,
    pub size: u64,
    pub syncs: ObjArray,
}

/// The operations are queued; without it, they are done before the ioctl returns.
pub const VM_BIND_ASYNC: u32 = 1;

/// `drm_panthor_vm_bind`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
#[expect(missing_docs, reason = "named as in the uapi header")]
pub struct VmBind {
    pub vm_id: u32,
    pub flags: u32,
    pub ops: ObjArray,
}

/// Nothing failed.
pub const VM_STATE_USABLE: u32 = 0;
/// A queued operation failed: the address space can only be destroyed.
pub const VM_STATE_UNUSABLE: u32 = 1;

/// `drm_panthor_vm_get_state`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
#[expect(missing_docs, reason = "named as in the uapi header")]
pub struct VmGetState {
    pub vm_id: u32,
    pub state: u32,
}

/// User space will not map the object.
pub const BO_NO_MMAP: u32 = 1;

/// `drm_panthor_bo_create`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
#[expect(missing_docs, reason = "named as in the uapi header")]
pub struct BoCreate {
    pub size: u64,
    pub flags: u32,
    pub exclusive_vm_id: u32,
    pub handle: u32,
    pub pad: u32,
}

/// `drm_panthor_bo_mmap_offset`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
#[expect(missing_docs, reason = "named as in the uapi header")]
pub struct BoMmapOffset {
    pub handle: u32,
    pub pad: u32,
    pub offset: u64,
}

/// `drm_panthor_queue_create`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
#[expect(missing_docs, reason = "named as in the uapi header")]
pub struct QueueCreate {
    pub priority: u8,
    pub pad: [u8; 3],
    pub ringbuf_size: u32,
}

/// The highest priority that needs no privilege.
pub const GROUP_PRIORITY_MEDIUM: u8 = 1;
/// The highest priority.
pub const GROUP_PRIORITY_HIGH: u8 = 2;

/// `drm_panthor_group_create`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
#[expect(missing_docs, reason = "named as in the uapi header")]
pub struct GroupCreate {
    pub queues: ObjArray,
    pub max_compute_cores: u8,
    pub max_fragment_cores: u8,
    pub max_tiler_cores: u8,
    pub priority: u8,
    pub pad: u32,
    pub compute_core_mask: u64,
    pub fragment_core_mask: u64,
    pub tiler_core_mask: u64,
    pub vm_id: u32,
    pub group_handle: u32,
}

/// `drm_panthor_group_destroy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
#[expect(missing_docs, reason = "named as in the uapi header")]
pub struct GroupDestroy {
    pub group_handle: u32,
    pub pad: u32,
}

/// `drm_panthor_queue_submit`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
#[expect(missing_docs, reason = "named as in the uapi header")]
pub struct QueueSubmit {
    pub queue_index: u32,
    pub stream_size: u32,
    pub stream_addr: u64,
    pub latest_flush: u32,
    pub pad: u32,
    pub syncs: ObjArray,
}

/// `drm_panthor_group_submit`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
#[expect(missing_docs, reason = "named as in the uapi header")]
pub struct GroupSubmit {
    pub group_handle: u32,
    pub pad: u32,
    pub queue_submits: ObjArray,
}

/// A job did not end in time.
pub const GROUP_STATE_TIMEDOUT: u32 = 1;
/// A queue met a fatal fault.
pub const GROUP_STATE_FATAL_FAULT: u32 = 1 << 1;

/// `drm_panthor_group_get_state`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
#[expect(missing_docs, reason = "named as in the uapi header")]
pub struct GroupGetState {
    pub group_handle: u32,
    pub state: u32,
    pub fatal_queues: u32,
    pub pad: u32,
}

/// `drm_panthor_tiler_heap_create`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
#[expect(missing_docs, reason = "named as in the uapi header")]
pub struct TilerHeapCreate {
    pub vm_id: u32,
    pub initial_chunk_count: u32,
    pub chunk_size: u32,
    pub max_chunks: u32,
    pub target_in_flight: u32,
    pub handle: u32,
    pub tiler_heap_ctx_gpu_va: u64,
    pub first_heap_chunk_gpu_va: u64,
}

/// `drm_panthor_tiler_heap_destroy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
#[expect(missing_docs, reason = "named as in the uapi header")]
pub struct TilerHeapDestroy {
    pub handle: u32,
    pub pad: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structs_have_the_sizes_of_the_header() {
        assert_eq!(size_of::<GpuInfo>(), 104);
        assert_eq!(size_of::<CsifInfo>(), 24);
        assert_eq!(size_of::<VmBindOp>(), 48);
        assert_eq!(size_of::<GroupCreate>(), 56);
        assert_eq!(size_of::<QueueSubmit>(), 40);
        assert_eq!(VM_BIND.raw(), 0xc018_6443);
        assert_eq!(TILER_HEAP_CREATE.raw(), 0xc028_644b);
    }
}

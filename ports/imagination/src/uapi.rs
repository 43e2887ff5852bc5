//! Ioctl numbers and argument structs, byte for byte as in `include/uapi/drm/pvr_drm.h` of Linux 6.12.

use bytemuck::{Pod, Zeroable};
use drm_core::device::IoctlNr;

bitflags::bitflags! {
    /// How a buffer object may be used (`DRM_PVR_BO_*`), and what only the kernel may ask for (`PVR_BO_*`).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct BoFlags: u64 {
        /// The device does not cache it.
        const BYPASS_DEVICE_CACHE = 1;
        /// Only the parameter manager and the firmware may access it.
        const PM_FW_PROTECT = 1 << 1;
        /// A process may map it.
        const ALLOW_CPU_USERSPACE_ACCESS = 1 << 2;
        /// Kernel only: a firmware object keeps its contents over a hard reset.
        const FW_NO_CLEAR_ON_RESET = 1 << 62;
        /// Kernel only: the CPU caches it.
        const CPU_CACHED = 1 << 63;
    }
}

impl BoFlags {
    /// What user space may ask for (`DRM_PVR_BO_FLAGS_MASK`).
    pub const UAPI: Self = Self::BYPASS_DEVICE_CACHE
        .union(Self::PM_FW_PROTECT)
        .union(Self::ALLOW_CPU_USERSPACE_ACCESS);
}

const COMMAND_BASE: u32 = 0x40;

/// Declares the numbers and the sizes of their argument structs; `iowr` or `iow`, as in the header.
macro_rules! ioctls {
    ($($(#[$doc:meta])* $name:ident = $how:ident $nr:literal: $arg:ty;)+) => {$(
        $(#[$doc])*
        pub const $name: IoctlNr = IoctlNr::$how(COMMAND_BASE + $nr, size_of::<$arg>());
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
    /// Facts about the device and the runtime.
    DEV_QUERY = iowr 0: DevQuery;
    /// A new buffer object.
    CREATE_BO = iowr 1: CreateBo;
    /// Where a buffer object can be mapped.
    GET_BO_MMAP_OFFSET = iowr 2: GetBoMmapOffset;
    /// A new address space.
    CREATE_VM_CONTEXT = iowr 3: VmContextArg;
    /// The end of an address space.
    DESTROY_VM_CONTEXT = iow 4: HandleArg;
    /// A mapping.
    VM_MAP = iow 5: VmMap;
    /// The end of a mapping.
    VM_UNMAP = iow 6: VmUnmap;
    /// A new context, which jobs are submitted to.
    CREATE_CONTEXT = iowr 7: CreateContext;
    /// The end of a context.
    DESTROY_CONTEXT = iow 8: HandleArg;
    /// A new free list.
    CREATE_FREE_LIST = iowr 9: CreateFreeList;
    /// The end of a free list.
    DESTROY_FREE_LIST = iow 10: HandleArg;
    /// A new dataset for renders.
    CREATE_HWRT_DATASET = iowr 11: CreateHwrtDataset;
    /// The end of a dataset.
    DESTROY_HWRT_DATASET = iow 12: HandleArg;
    /// Jobs.
    SUBMIT_JOBS = iow 13: SubmitJobs;
}

macro_rules! structs {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $ty:ty,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
        #[repr(C)]
        pub struct $name { $($(#[$field_doc])* pub $field: $ty,)+ }
    )+};
}

structs! {
    /// An array of structs of user space (`struct drm_pvr_obj_array`).
    ObjArray {
        /// Bytes from one to the next.
        stride: u32,
        /// How many.
        count: u32,
        /// User address of the first.
        array: u64,
    }

    /// `struct drm_pvr_ioctl_dev_query_args`.
    DevQuery {
        /// Which query (`enum drm_pvr_dev_query`).
        kind: u32,
        /// Bytes of the struct; out: bytes written, or wanted.
        size: u32,
        /// User address of the struct; 0 asks for its size.
        pointer: u64,
    }

    /// `struct drm_pvr_dev_query_gpu_info`.
    QueryGpuInfo {
        /// Branch, version, number and configuration, 16 bits each.
        gpu_id: u64,
        /// Phantoms.
        num_phantoms: u32,
        /// Must be zero.
        padding_c: u32,
    }

    /// `struct drm_pvr_dev_query_runtime_info`.
    QueryRuntimeInfo {
        /// Smallest free list, in pages.
        free_list_min_pages: u64,
        /// Largest free list, in pages.
        free_list_max_pages: u64,
        /// Dwords.
        common_store_alloc_region_size: u32,
        /// Dwords.
        common_store_partition_space_size: u32,
        /// Dwords.
        max_coeffs: u32,
        /// Dwords.
        cdm_max_local_mem_size_regs: u32,
    }

    /// `struct drm_pvr_dev_query_quirks`.
    QueryQuirks {
        /// User address of numbers.
        quirks: u64,
        /// Room for so many; out: how many.
        count: u16,
        /// Out: how many of them user space must support.
        musthave_count: u16,
        /// Must be zero.
        padding_c: u32,
    }

    /// `struct drm_pvr_dev_query_enhancements`.
    QueryEnhancements {
        /// User address of numbers.
        enhancements: u64,
        /// Room for so many; out: how many.
        count: u16,
        /// Must be zero.
        padding_a: u16,
        /// Must be zero.
        padding_c: u32,
    }

    /// `struct drm_pvr_heap`.
    Heap {
        /// First address.
        base: u64,
        /// Bytes; 0 for a heap that the device does not have.
        size: u64,
        /// 0.
        flags: u32,
        /// `log2` of the page size.
        page_size_log2: u32,
    }

    /// `struct drm_pvr_static_data_area`.
    StaticDataArea {
        /// What for (`enum drm_pvr_static_data_area_usage`).
        area_usage: u16,
        /// In which heap.
        location_heap_id: u16,
        /// Bytes.
        size: u32,
        /// From the start of the heap.
        offset: u64,
    }

    /// `struct drm_pvr_ioctl_create_bo_args`.
    CreateBo {
        /// Bytes.
        size: u64,
        /// Out: the handle.
        handle: u32,
        /// Must be zero.
        padding_c: u32,
        /// [`BoFlags`].
        flags: u64,
    }

    /// `struct drm_pvr_ioctl_get_bo_mmap_offset_args`.
    GetBoMmapOffset {
        /// Which object.
        handle: u32,
        /// Must be zero.
        padding_4: u32,
        /// Out: the offset for `mmap()`.
        offset: u64,
    }

    /// `struct drm_pvr_ioctl_create_vm_context_args`.
    VmContextArg {
        /// Out: the handle.
        handle: u32,
        /// Must be zero.
        padding_4: u32,
    }

    /// The arguments of every ioctl that gives a handle up.
    HandleArg {
        /// Which.
        handle: u32,
        /// Must be zero.
        padding_4: u32,
    }

    /// `struct drm_pvr_ioctl_vm_map_args`.
    VmMap {
        /// Which address space.
        vm_context_handle: u32,
        /// Must be zero.
        flags: u32,
        /// First address.
        device_addr: u64,
        /// Which object.
        handle: u32,
        /// Must be zero.
        padding_14: u32,
        /// Byte of the object that the first address shows.
        offset: u64,
        /// Bytes.
        size: u64,
    }

    /// `struct drm_pvr_ioctl_vm_unmap_args`.
    VmUnmap {
        /// Which address space.
        vm_context_handle: u32,
        /// Must be zero.
        padding_4: u32,
        /// First address of the mapping.
        device_addr: u64,
        /// Bytes of the mapping, exactly.
        size: u64,
    }

    /// `struct drm_pvr_ioctl_create_context_args`.
    CreateContext {
        /// [`ctx_type`].
        kind: u32,
        /// Must be zero.
        flags: u32,
        /// [`ctx_priority`].
        priority: i32,
        /// Out: the handle.
        handle: u32,
        /// User address of the state of registers.
        static_context_state: u64,
        /// Its bytes.
        static_context_state_len: u32,
        /// In which address space.
        vm_context_handle: u32,
        /// Where the call stack is; for renders only.
        callstack_addr: u64,
    }

    /// `struct drm_pvr_ioctl_create_free_list_args`.
    CreateFreeList {
        /// Where the list is mapped.
        free_list_gpu_addr: u64,
        /// Pages to begin with.
        initial_num_pages: u32,
        /// Pages at most.
        max_num_pages: u32,
        /// Pages that one request adds.
        grow_num_pages: u32,
        /// Percentage in use that asks for more.
        grow_threshold: u32,
        /// In which address space.
        vm_context_handle: u32,
        /// Out: the handle.
        handle: u32,
    }

    /// `struct drm_pvr_create_hwrt_geom_data_args`.
    HwrtGeomData {
        /// Tail pointer cache.
        tpc_dev_addr: u64,
        /// Its bytes.
        tpc_size: u32,
        /// Pages from layer to layer.
        tpc_stride: u32,
        /// VHEAP table.
        vheap_table_dev_addr: u64,
        /// Render target cache.
        rtc_dev_addr: u64,
    }

    /// `struct drm_pvr_create_hwrt_rt_data_args`.
    HwrtRtData {
        /// PM MLIST.
        pm_mlist_dev_addr: u64,
        /// Macrotile array.
        macrotile_array_dev_addr: u64,
        /// Region headers.
        region_header_dev_addr: u64,
    }

    /// `struct drm_pvr_ioctl_create_hwrt_dataset_args`.
    CreateHwrtDataset {
        /// Geometry data.
        geom_data_args: HwrtGeomData,
        /// Render targets.
        rt_data_args: [HwrtRtData; 2],
        /// The local and the global free list.
        free_list_handles: [u32; 2],
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
        /// Samples per pixel.
        samples: u32,
        /// Layers.
        layers: u32,
        /// Coefficient of triangle merging.
        isp_merge_lower_x: u32,
        /// Coefficient of triangle merging.
        isp_merge_lower_y: u32,
        /// Coefficient of triangle merging.
        isp_merge_scale_x: u32,
        /// Coefficient of triangle merging.
        isp_merge_scale_y: u32,
        /// Coefficient of triangle merging.
        isp_merge_upper_x: u32,
        /// Coefficient of triangle merging.
        isp_merge_upper_y: u32,
        /// Size of the region headers.
        region_header_size: u32,
        /// Out: the handle.
        handle: u32,
    }

    /// `struct drm_pvr_sync_op`.
    SyncOp {
        /// Of a sync object.
        handle: u32,
        /// [`SYNC_OP_SIGNAL`], and the kind of handle in the low four bits.
        flags: u32,
        /// Point of a timeline.
        value: u64,
    }

    /// `struct drm_pvr_hwrt_data_ref`.
    HwrtDataRef {
        /// Which dataset.
        set_handle: u32,
        /// Which of its two render targets.
        data_index: u32,
    }

    /// `struct drm_pvr_job`.
    JobArgs {
        /// [`job_type`].
        kind: u32,
        /// Which context.
        context_handle: u32,
        /// By type.
        flags: u32,
        /// Bytes of the command stream.
        cmd_stream_len: u32,
        /// User address of the command stream.
        cmd_stream: u64,
        /// Of [`SyncOp`].
        sync_ops: ObjArray,
        /// For renders.
        hwrt: HwrtDataRef,
    }

    /// `struct drm_pvr_ioctl_submit_jobs_args`.
    SubmitJobs {
        /// Of [`JobArgs`]; after an error, `count` says which job it was.
        jobs: ObjArray,
    }
}

/// The sync operation signals; without this bit it waits.
pub const SYNC_OP_SIGNAL: u32 = 1 << 31;

/// Values of [`DevQuery::kind`].
#[expect(missing_docs, reason = "the names are the documentation: enum drm_pvr_dev_query")]
pub mod query {
    pub const GPU_INFO: u32 = 0;
    pub const RUNTIME_INFO: u32 = 1;
    pub const QUIRKS: u32 = 2;
    pub const ENHANCEMENTS: u32 = 3;
    pub const HEAP_INFO: u32 = 4;
    pub const STATIC_DATA_AREAS: u32 = 5;
}

/// Values of [`CreateContext::kind`].
#[expect(missing_docs, reason = "the names are the documentation: enum drm_pvr_ctx_type")]
pub mod ctx_type {
    pub const RENDER: u32 = 0;
    pub const COMPUTE: u32 = 1;
    pub const TRANSFER_FRAG: u32 = 2;
}

/// Values of [`CreateContext::priority`].
#[expect(missing_docs, reason = "the names are the documentation: enum drm_pvr_ctx_priority")]
pub mod ctx_priority {
    pub const LOW: i32 = -512;
    pub const NORMAL: i32 = 0;
    pub const HIGH: i32 = 512;
}

/// Values of [`JobArgs::kind`].
#[expect(missing_docs, reason = "the names are the documentation: enum drm_pvr_job_type")]
pub mod job_type {
    pub const GEOMETRY: u32 = 0;
    pub const FRAGMENT: u32 = 1;
    pub const COMPUTE: u32 = 2;
    pub const TRANSFER_FRAG: u32 = 3;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_that_a_c_client_passes() {
        // _IOC(dir, 'd', 0x40 + nr, size), worked out from the C header.
        let numbers = [
            (DEV_QUERY, 0xc010_6440),
            (CREATE_BO, 0xc018_6441),
            (GET_BO_MMAP_OFFSET, 0xc010_6442),
            (CREATE_VM_CONTEXT, 0xc008_6443),
            (DESTROY_VM_CONTEXT, 0x4008_6444),
            (VM_MAP, 0x4028_6445),
            (VM_UNMAP, 0x4018_6446),
            (CREATE_CONTEXT, 0xc028_6447),
            (DESTROY_CONTEXT, 0x4008_6448),
            (CREATE_FREE_LIST, 0xc020_6449),
            (DESTROY_FREE_LIST, 0x4008_644a),
            (CREATE_HWRT_DATASET, 0xc088_644b),
            (DESTROY_HWRT_DATASET, 0x4008_644c),
            (SUBMIT_JOBS, 0x4010_644d),
        ];
        for (number, raw) in numbers {
            assert_eq!(number.raw(), raw, "{number:x?}");
        }
    }
}

//! The argument structs, and those that they point to.

use bytemuck::{Pod, Zeroable};

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
        /// [`BoFlags`](super::BoFlags).
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
        /// [`ctx_type`](super::ctx_type).
        kind: u32,
        /// Must be zero.
        flags: u32,
        /// [`ctx_priority`](super::ctx_priority).
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
        /// [`SYNC_OP_SIGNAL`](super::SYNC_OP_SIGNAL), and the kind of handle in the low four bits.
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
        /// [`job_type`](super::job_type).
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

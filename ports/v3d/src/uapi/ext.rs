//! Extensions of a submission: a list of structs, each with a head that says which one it is.

use bytemuck::{Pod, Zeroable};

use super::SubmitCsd;

/// Several sync objects.
pub const MULTI_SYNC: u32 = 1;
/// A CPU job that fills in the work groups of a compute job.
pub const CPU_INDIRECT_CSD: u32 = 2;
/// A CPU job that writes the time.
pub const CPU_TIMESTAMP_QUERY: u32 = 3;
/// A CPU job that resets such queries.
pub const CPU_RESET_TIMESTAMP_QUERY: u32 = 4;
/// A CPU job that copies their results.
pub const CPU_COPY_TIMESTAMP_QUERY: u32 = 5;
/// A CPU job that resets performance queries.
pub const CPU_RESET_PERFORMANCE_QUERY: u32 = 6;
/// A CPU job that copies their results.
pub const CPU_COPY_PERFORMANCE_QUERY: u32 = 7;

/// `struct drm_v3d_extension`
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct Extension {
    /// Pointer to the next; 0 ends the list.
    pub next: u64,
    /// Which one it is.
    pub id: u32,
    /// Looked at by nobody.
    pub flags: u32,
}

/// `struct drm_v3d_sem`
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct Sem {
    /// The sync object.
    pub handle: u32,
    /// Reserved.
    pub flags: u32,
    /// Reserved.
    pub point: u64,
    /// Reserved.
    pub mbz: [u64; 2],
}

/// `struct drm_v3d_multi_sync`
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct MultiSync {
    /// The head.
    pub base: Extension,
    /// Pointer to [`Sem`]s to wait for.
    pub in_syncs: u64,
    /// Pointer to [`Sem`]s to signal.
    pub out_syncs: u64,
    /// How many to wait for.
    pub in_sync_count: u32,
    /// How many to signal.
    pub out_sync_count: u32,
    /// The queue that waits.
    pub wait_stage: u32,
    /// Must be 0.
    pub pad: u32,
}

/// `struct drm_v3d_indirect_csd`
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct IndirectCsd {
    /// The head.
    pub base: Extension,
    /// The compute job.
    pub submit: SubmitCsd,
    /// Object whose uniforms are rewritten.
    pub indirect: u32,
    /// Byte offset of the work-group counts in the job's object. Not checked.
    pub offset: u32,
    /// Threads in a work group.
    pub wg_size: u32,
    /// Indices of the uniforms that get the counts; `!0` for none. Not checked.
    pub wg_uniform_offsets: [u32; 3],
}

/// `struct drm_v3d_timestamp_query`
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct TimestampQuery {
    /// The head.
    pub base: Extension,
    /// Pointer to byte offsets (u32). Not checked.
    pub offsets: u64,
    /// Pointer to sync objects (u32).
    pub syncs: u64,
    /// How many queries.
    pub count: u32,
    /// Must be 0.
    pub pad: u32,
}

/// `struct drm_v3d_reset_timestamp_query`
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct ResetTimestampQuery {
    /// The head.
    pub base: Extension,
    /// Pointer to sync objects (u32).
    pub syncs: u64,
    /// Byte offset of the first query. Not checked.
    pub offset: u32,
    /// How many queries.
    pub count: u32,
}

/// `struct drm_v3d_copy_timestamp_query`
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct CopyTimestampQuery {
    /// The head.
    pub base: Extension,
    /// 64-bit results.
    pub do_64bit: u8,
    /// Write results that are not available, too.
    pub do_partial: u8,
    /// Write availability behind each result.
    pub availability_bit: u8,
    /// Must be 0.
    pub pad: u8,
    /// Byte offset of the first result. Not checked.
    pub offset: u32,
    /// Bytes from result to result.
    pub stride: u32,
    /// How many queries.
    pub count: u32,
    /// Pointer to byte offsets (u32). Not checked.
    pub offsets: u64,
    /// Pointer to sync objects (u32).
    pub syncs: u64,
}

/// `struct drm_v3d_reset_performance_query`
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct ResetPerformanceQuery {
    /// The head.
    pub base: Extension,
    /// Pointer to sync objects (u32).
    pub syncs: u64,
    /// How many queries.
    pub count: u32,
    /// How many monitors in each.
    pub nperfmons: u32,
    /// Pointer to pointers to monitor ids (u32).
    pub kperfmon_ids: u64,
}

/// `struct drm_v3d_copy_performance_query`
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct CopyPerformanceQuery {
    /// The head.
    pub base: Extension,
    /// 64-bit results.
    pub do_64bit: u8,
    /// Write results that are not available, too.
    pub do_partial: u8,
    /// Write availability behind each result.
    pub availability_bit: u8,
    /// Must be 0.
    pub pad: u8,
    /// Byte offset of the first result. Not checked.
    pub offset: u32,
    /// Bytes from result to result.
    pub stride: u32,
    /// How many monitors in each.
    pub nperfmons: u32,
    /// How many counters in a query pool.
    pub ncounters: u32,
    /// How many queries.
    pub count: u32,
    /// Pointer to sync objects (u32).
    pub syncs: u64,
    /// Pointer to pointers to monitor ids (u32).
    pub kperfmon_ids: u64,
}

/// What a compiler for the kernel makes of the structs.
const _: () = {
    assert!(size_of::<MultiSync>() == 48);
    assert!(size_of::<IndirectCsd>() == 128);
    assert!(size_of::<TimestampQuery>() == 40);
    assert!(size_of::<ResetTimestampQuery>() == 32);
    assert!(size_of::<CopyTimestampQuery>() == 48);
    assert!(size_of::<ResetPerformanceQuery>() == 40);
    assert!(size_of::<CopyPerformanceQuery>() == 56);
};

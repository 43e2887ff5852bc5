//! Ioctl numbers and argument structs, byte for byte as in `include/uapi/drm/pvr_drm.h` of Linux 6.12.

mod structs;

use drm_core::device::IoctlNr;

pub use structs::*;

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

/// The sync operation signals; without this bit it waits.
pub const SYNC_OP_SIGNAL: u32 = 1 << 31;

/// Values of [`DevQuery::kind`].
#[expect(
    missing_docs,
    reason = "the names are the documentation: enum drm_pvr_dev_query"
)]
pub mod query {
    pub const GPU_INFO: u32 = 0;
    pub const RUNTIME_INFO: u32 = 1;
    pub const QUIRKS: u32 = 2;
    pub const ENHANCEMENTS: u32 = 3;
    pub const HEAP_INFO: u32 = 4;
    pub const STATIC_DATA_AREAS: u32 = 5;
}

/// Values of [`CreateContext::kind`].
#[expect(
    missing_docs,
    reason = "the names are the documentation: enum drm_pvr_ctx_type"
)]
pub mod ctx_type {
    pub const RENDER: u32 = 0;
    pub const COMPUTE: u32 = 1;
    pub const TRANSFER_FRAG: u32 = 2;
}

/// Values of [`CreateContext::priority`].
#[expect(
    missing_docs,
    reason = "the names are the documentation: enum drm_pvr_ctx_priority"
)]
pub mod ctx_priority {
    pub const LOW: i32 = -512;
    pub const NORMAL: i32 = 0;
    pub const HIGH: i32 = 512;
}

/// Values of [`JobArgs::kind`].
#[expect(
    missing_docs,
    reason = "the names are the documentation: enum drm_pvr_job_type"
)]
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

//! The uAPI of the white-box driver, byte for byte: each exported function of the helper as an ioctl, and the object's own fields
//! after each call.

use bytemuck::{Pod, Zeroable};
use drm_core::device::IoctlNr;

/// `struct shmora_create`.
#[repr(C)]
#[derive(Clone, Copy, Default, Pod, Zeroable)]
pub(crate) struct Create {
    pub(crate) size: u64,
    /// Bit 0: write-combined.
    pub(crate) flags: u32,
    pub(crate) handle: u32,
}

/// `struct shmora_state`.
#[repr(C)]
#[derive(Clone, Copy, Default, Pod, Zeroable)]
pub(crate) struct State {
    pub(crate) size: u64,
    /// `u64::MAX` for an object without a file.
    pub(crate) nrpages: u64,
    pub(crate) vma_page: u64,
    pub(crate) pages_use: i32,
    pub(crate) pin: i32,
    pub(crate) vmap_use: i32,
    pub(crate) madv: i32,
    pub(crate) has_pages: u32,
    pub(crate) has_sgt: u32,
    pub(crate) has_vaddr: u32,
    pub(crate) imported: u32,
    pub(crate) has_dma_buf: u32,
    pub(crate) refcount: u32,
    pub(crate) handle_count: u32,
    pub(crate) purgeable: u32,
    pub(crate) sgt_nents: u32,
    pub(crate) map_wc: u32,
    pub(crate) dirty_on_put: u32,
    pub(crate) acc_on_put: u32,
}

/// `struct shmora_op`.
#[repr(C)]
#[derive(Clone, Copy, Default, Pod, Zeroable)]
pub(crate) struct Op {
    pub(crate) handle: u32,
    pub(crate) op: u32,
    pub(crate) arg: i64,
    pub(crate) ret: i64,
    pub(crate) state: State,
}

/// Names of the operations, by number.
pub(crate) const OPS: [&str; 14] = [
    "state",
    "pin",
    "unpin",
    "vmap",
    "vunmap",
    "sgt",
    "madv",
    "purge",
    "vread",
    "vwrite",
    "put_pages",
    "mmap_offset",
    "mark_dirty",
    "mark_acc",
];

/// `DRM_IOCTL_SHMORA_CREATE`.
pub(crate) const CREATE: u32 = IoctlNr::driver(0, size_of::<Create>()).raw();
/// `DRM_IOCTL_SHMORA_OP`.
pub(crate) const OP: u32 = IoctlNr::driver(1, size_of::<Op>()).raw();

/// Bytes of the argument of an ioctl.
pub(crate) fn ioctl_size(nr: u32) -> Option<usize> {
    match nr {
        0 => Some(size_of::<Create>()),
        1 => Some(size_of::<Op>()),
        _ => None,
    }
}

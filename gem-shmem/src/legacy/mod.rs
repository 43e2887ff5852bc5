//! The base class as it is in Linux 6.12: `struct drm_gem_shmem_object`, its helpers, its hook.
//!
//! Nothing is prettied up. The fields are public, the counts are plain numbers that anyone may set, and where Linux allows a
//! mistake, so does this module: where the kernel warns, a warning is recorded; where it crashes, an oops is.
//!
//! Names are those of `drm_gem_shmem_helper.c` without the prefix `drm_gem_shmem_`. With the feature `locate`, every item
//! says which finding it stands for; this module only ever shrinks.

#![cfg_attr(
    feature = "locate",
    expect(
        deprecated,
        reason = "the items are marked for their users, not for each other"
    )
)]

mod adapters;
mod create;
mod fields;
mod list;
mod madvise;
mod mmap;
mod object;
mod pages;
mod prime;
mod table;
mod vmap;

pub use adapters::{
    Plain, object_free, object_get_sg_table, object_mmap, object_pin, object_print_info,
    object_unpin, object_vmap, object_vunmap,
};
pub use create::{CreateObject, create, create_private, dumb_create};
pub use fields::{Fields, Flag};
pub use list::{List, ListNode};
pub use mmap::{fault, vm_close, vm_open};
pub use object::{Object, Subclass};
pub use prime::prime_import_sg_table;

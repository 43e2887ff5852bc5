//! GEM buffers backed by shmem (`drm_gem_shmem_helper.c`).
//!
//! By default this is the library for simple displays, the ones that the CPU draws into and copies to the screen. It is one
//! closed type, [`Object`]: a driver names it in its `dumb_create` and `gem_prime_import`, maps it for the kernel with
//! [`Vmap`], and shows it with [`ShadowMaps`]. There is nothing to subclass, no hook, and no field to reach:
//!
//! * an object is complete before anyone can see it, and "imported" is decided when it is made;
//! * whoever reads its bytes or its pages holds a [`Vmap`], and so holds the pages;
//! * the only scatter table is the one that the core makes for another device.
//!
//! With the feature `legacy`, the module `legacy` is the base class as Linux 6.12 has it.

mod create;
mod mmap;
mod object;
mod pages;
mod prime;
mod shadow;
mod vmap;

#[cfg(feature = "legacy")]
pub mod legacy;

pub use object::Object;
pub use shadow::{CpuAccess, ShadowMaps};
pub use vmap::Vmap;

/// What is handed between threads must be able to go there.
const _: () = {
    const fn is_send_sync<T: Send + Sync>() {}
    is_send_sync::<Object>();
    is_send_sync::<Vmap>();
    is_send_sync::<ShadowMaps>();
};

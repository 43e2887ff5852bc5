//! GEM buffers backed by shmem (`drm_gem_shmem_helper.c`).
//!
//! By default this is the library for simple displays: one closed type. With the feature `legacy`, the module [`legacy`]
//! is the base class as Linux 6.12 has it.

#[cfg(feature = "legacy")]
pub mod legacy;

//! The eight cases of the `drm_gem_shmem` KUnit suite, by name: one body, run on the base class and on the closed type; and by
//! `gem-uma` on its parts.
//!
//! The closed type has no table of its own, no advice and no purge: the three cases that are about nothing else do not exist
//! for it, and the case of the private object imports without a table.

mod cases;
mod closed;
#[cfg(feature = "legacy")]
mod device_cases;
#[cfg(feature = "legacy")]
mod legacy;

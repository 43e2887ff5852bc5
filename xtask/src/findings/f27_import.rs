//! F27: an import that arrives as a table, before it is known to be one.
//!
//! # What
//!
//! x
//!
//! # Why
//!
//! x
//!
//! # Instead
//!
//! x
//!
//! # Before
//!
//! ```rust,ignore
//! x();
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! x();
//! ```

use super::{Finding, Number, function, hook};

pub(super) const FINDING: Finding = Finding {
    number: Number(27),
    slug: "import",
    items: &[
        function(
            "drm_gem_shmem_prime_import_sg_table",
            &["prime_import_sg_table"],
        ),
        function("drm_gem_shmem_prime_import_no_map", &[]),
        hook("gem_prime_import_sg_table", &[]),
        hook("gem_prime_import", &[]),
    ],
    source: include_str!("f27_import.rs"),
};

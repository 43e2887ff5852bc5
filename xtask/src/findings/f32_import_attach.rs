//! F32: the attachment pointer used as the test for an import.
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

use super::{Finding, GEM, Number, field, function};

pub(super) const FINDING: Finding = Finding {
    number: Number(32),
    slug: "import_attach",
    items: &[
        field(GEM, "import_attach", &[]),
        function("drm_gem_is_imported", &[]),
    ],
    source: include_str!("f32_import_attach.rs"),
};

//! F32: the attachment pointer used as the test for an import.
//!
//! # What
//!
//! The attachment pointer `base.import_attach` is used as the test for an import, or written.
//!
//! # Why
//!
//! The pointer is set late, after the import hook: asked too early it says "native" for an import. ivpu writes it
//! itself (ivpu_gem.c:236) and asks in nine places; panthor asks before each pin; gud takes it as a hint that reads are
//! slow (gud_pipe.c:446). `dma_buf`, the other pointer people ask, goes away with the last handle.
//!
//! # Instead
//!
//! An import is one from the first moment on: `bo.backing.is_import()`. Most tests go away, because a part does
//! the right thing for both.
//!
//! # Before
//!
//! ```rust,ignore
//! # fn page(bo: &Bo) -> Result {
//! if bo.base.base.import_attach().is_some() {
//!     return Ok(());
//! }
//! #     Err(Errno::EINVAL)
//! # }
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! # fn page(bo: &Bo) -> Result {
//! if bo.backing.is_import() {
//!     return Ok(());
//! }
//! #     Err(Errno::EINVAL)
//! # }
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

//! F27: an import that arrives as a table, before it is known to be one.
//!
//! # What
//!
//! An import arrives through `gem_prime_import_sg_table`, or a `gem_prime_import` of the driver's own.
//!
//! # Why
//!
//! The object is made and handed to the driver before it is known to be an import: `import_attach` and the
//! exporter's lock are set after the hook has returned. A driver that fails in between frees the exporter's table
//! (v3d_bo.c:180). The table is mapped at once, also for a driver that will only look at the bytes; ivpu avoids that with
//! an import of its own, and loses the check for its own buffers.
//!
//! # Instead
//!
//! `gem_uma::import(dev, dma_buf, dma, |new| new.create(Bo::new))`: `New` knows that it is an import from the first moment
//! on, holds the attachment, and shares the exporter's lock. `ImportOptions::default().lazy(true)` maps at first use.
//!
//! # Before
//!
//! ```rust,ignore
//! # pub struct Driver;
//! #
//! # impl device::Driver for Driver {
//! #     fn name(&self) -> &'static str {
//! #         "page"
//! #     }
//! #
//! fn gem_prime_import_sg_table(&self, dev: &Device, attach: &Arc<Attachment>, table: Arc<SgTable>) -> Result<Gem> {
//!     let bo = legacy::prime_import_sg_table::<Bo>(dev, attach, Some(table))?;
//!     bo.noexec.store(true, Ordering::Relaxed);
//!     Ok(bo.into_dyn())
//! }
//! # }
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! fn gem_prime_import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem> {
//!     gem_uma::import(dev, dma_buf, dev.dma(), |new| {
//!         let bo = new.create(Bo::new)?;
//!         bo.noexec.store(true, Ordering::Relaxed);
//!         Ok(bo.into_dyn())
//!     })
//! }
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

//! Import with a table.

use drm_core::device::Device;
use drm_core::dma::SgTable;
use drm_core::errno::Result;
use drm_core::gem::Gem;
use drm_core::prime::Attachment;
use drm_core::sync::Arc;

use super::create::{CreateObject, create_private};

/// An object for a foreign buffer and its table (`drm_gem_shmem_prime_import_sg_table`). `table` may be `None`, as
/// ivpu passes it.
///
/// The object does not know yet that it is an import: the core stores the attachment and the exporter's reservation after
/// this returned. Errors of the hook and of the mmap offset.
#[cfg_attr(feature = "locate", deprecated(note = "F27"))]
pub fn prime_import_sg_table<T: CreateObject>(
    dev: &Device,
    attach: &Arc<Attachment>,
    table: Option<Arc<SgTable>>,
) -> Result<Gem<T>> {
    let object = create_private::<T>(dev, attach.dma_buf().size())?;
    object.base().racy_mut().sgt = table;
    Ok(object)
}

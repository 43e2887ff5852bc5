//! What a device still uses when its object is gone.

use std::fmt;

use drm_core::dma::SgTable;
use drm_core::gem::Gone;
use drm_core::machine::ShmemFile;
use drm_core::memory::Page;
use drm_core::sync::Arc;

use crate::backing::Backing;
use crate::device_map::DeviceMap;

/// The pages of an object that died, and their table, until the device is done with them.
///
/// Holding it tells you that the memory is still there and mapped for the device; not that anybody else can find it. Dropping
/// it unmaps the table, then gives the pages back.
#[must_use = "the device may write into memory of somebody else once this is dropped"]
pub struct Detained {
    table: Option<SgTable>,
    pages: Box<[Page]>,
    file: Option<Arc<ShmemFile>>,
}

impl fmt::Debug for Detained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Detained")
            .field("pages", &self.pages.len())
            .field("mapped", &self.table.is_some())
            .finish_non_exhaustive()
    }
}

impl Detained {
    pub(crate) fn new(pages: Box<[Page]>, file: Option<Arc<ShmemFile>>) -> Self {
        Self {
            table: None,
            pages,
            file,
        }
    }

    /// Bytes held.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.pages.len() as u64 * drm_core::PAGE_SIZE
    }

    /// Whether nothing is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }
}

impl Drop for Detained {
    fn drop(&mut self) {
        if let Some(table) = self.table.take() {
            table.unmap();
        }
        self.pages = Box::default();
        if let Some(file) = &self.file {
            file.set_unevictable(false);
        }
    }
}

/// Takes pages and table out of a dying object, for a device that has yet to say that it is done (virtgpu: until the host
/// answers). To be called before the parts are torn down, that is from `free_before`. An import has none to take.
pub fn detain(gone: &Gone, backing: &Backing, device: Option<&DeviceMap>) -> Detained {
    let mut detained = backing.detain(gone);
    if !backing.is_import() {
        detained.table = device.and_then(|device| device.detain(gone));
    }
    detained
}

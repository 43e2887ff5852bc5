//! An object while it is made: whether it is native or an import is known before any part exists.

use std::cell::Cell;
use std::ops::Deref;

use drm_core::device::Device;
use drm_core::errno::Result;
use drm_core::gem::{Gem, Header, Object};
use drm_core::page_align;

use crate::import::Import;

/// The header of an object that nobody can see yet, and the import it stands for, if it is one. Parts are built from it.
///
/// Holding it tells you that the object has its size, its reservation and its file, or its import; not that anybody can
/// find it.
#[must_use = "an object is made by `New::create`"]
pub struct New {
    gem: Header,
    import: Cell<Option<Import>>,
}

impl std::fmt::Debug for New {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("New")
            .field("gem", &self.gem)
            .finish_non_exhaustive()
    }
}

impl New {
    /// A native object of `size` bytes, rounded up to whole pages. `EINVAL` for a size that no file can have, `ENOMEM`.
    pub fn native(dev: &Device, size: u64) -> Result<Self> {
        Ok(Self {
            gem: Header::new(dev, page_align(size))?,
            import: Cell::new(None),
        })
    }

    /// An object without memory of the system: what it stands for is a driver's own part. `size` is rounded up.
    pub fn private(dev: &Device, size: u64) -> Self {
        Self {
            gem: Header::new_private(dev, page_align(size)),
            import: Cell::new(None),
        }
    }

    pub(crate) fn imported(dev: &Device, import: Import) -> Self {
        let gem = Header::new_private(dev, page_align(import.dma_buf().size()));
        gem.set_import_attach(import.attach().clone());
        gem.resv_slot().choose(import.dma_buf().resv().clone());
        Self {
            gem,
            import: Cell::new(Some(import)),
        }
    }

    /// The import, to be owned by whoever is the ground of the object: [`crate::Backing`], or a part of the driver.
    /// `None` for a native object, and once it was taken.
    pub fn take_import(&self) -> Option<Import> {
        self.import.take()
    }

    /// The header, for the object's own field. Parts are built before.
    #[must_use]
    pub fn into_gem(self) -> Header {
        self.gem
    }

    /// Builds the object, and gives it its mmap offset. Nobody finds it before it is whole; a failure drops what was built.
    ///
    /// What `build` answers; `ENOSPC` when the offset space is full, and for size 0.
    pub fn create<T: Object>(self, build: impl FnOnce(Self) -> Result<T>) -> Result<Gem<T>> {
        let object = Gem::new(build(self)?);
        match object.gem().create_mmap_offset() {
            Ok(_) => Ok(object),
            Err(error) => {
                object.forget();
                Err(error)
            }
        }
    }
}

impl Deref for New {
    type Target = Header;
    fn deref(&self) -> &Header {
        &self.gem
    }
}

/// A native object of `size` bytes, rounded up to whole pages. No page is allocated unless `build` does.
///
/// Errors of [`New::native`] and [`New::create`].
pub fn create<T: Object>(
    dev: &Device,
    size: u64,
    build: impl FnOnce(New) -> Result<T>,
) -> Result<Gem<T>> {
    New::native(dev, size)?.create(build)
}

//! An object while it is made: whether it is native or an import is known before any part exists.

use std::cell::{Cell, OnceCell};
use std::ops::Deref;
use std::rc::Rc;

use drm_core::device::Device;
use drm_core::errno::Result;
use drm_core::gem::{Gem, Header, Object};
use drm_core::page_align;
use drm_core::sync::Arc;

use crate::import::Import;
use crate::reclaim::{DeviceReclaim, Tracker};

/// The header of an object that nobody can see yet, and the import it stands for, if it is one. Parts are built from it.
///
/// Holding it tells you that the object has its size, its reservation and its file, or its import; not that anybody can
/// find it.
#[must_use = "an object is made by `New::create`"]
pub struct New {
    gem: Header,
    import: Cell<Option<Import>>,
    /// Shared with whoever waits for the object to be whole.
    tracker: Rc<OnceCell<Arc<Tracker>>>,
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
        Ok(Self::with(Header::new(dev, page_align(size))?, None))
    }

    /// An object without memory of the system: what it stands for is a driver's own part. `size` is rounded up.
    pub fn private(dev: &Device, size: u64) -> Self {
        Self::with(Header::new_private(dev, page_align(size)), None)
    }

    fn with(gem: Header, import: Option<Import>) -> Self {
        Self {
            gem,
            import: Cell::new(import),
            tracker: Rc::default(),
        }
    }

    pub(crate) fn imported(dev: &Device, import: Import) -> Self {
        let gem = Header::new_private(dev, page_align(import.dma_buf().size()));
        gem.set_import_attach(import.attach().clone());
        gem.resv_slot().choose(import.dma_buf().resv().clone());
        Self::with(gem, Some(import))
    }

    /// Lets the object be reclaimed by the lists of its device. To be said before any part is built; imports never are.
    pub fn reclaimed_by(self, device: &DeviceReclaim) -> Self {
        if !self.gem.is_imported() {
            self.tracker
                .get_or_init(|| Arc::new(Tracker::new(device, self.gem.pages())));
        }
        self
    }

    pub(crate) fn tracker(&self) -> Option<Arc<Tracker>> {
        self.tracker.get().cloned()
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
        let tracker = Rc::clone(&self.tracker);
        let object = Gem::new(build(self)?);
        object.gem().create_mmap_offset()?;
        if let Some(tracker) = tracker.get() {
            tracker.born(object.gem());
        }
        Ok(object)
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

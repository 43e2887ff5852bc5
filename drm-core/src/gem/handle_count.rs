//! Handle counts that the kernel itself holds, without a number in any file.

use super::reference::Gem;

/// One handle counted for a framebuffer, so that the object keeps its dma-buf while it is on screen
/// (`drm_gem_object_handle_get_if_exists_unlocked`). Dropping it takes the device's name lock.
#[derive(Debug)]
#[must_use = "the handle is given up when this is dropped"]
pub struct HandleCount(Gem);

impl HandleCount {
    /// Counts one more handle of `object`, if it has one; takes the device's name lock. `None` for an object without handles,
    /// which nobody can have shared.
    pub fn get_if_exists(object: &Gem) -> Option<Self> {
        let header = object.gem();
        let _names = header.dev().lock_names();
        if header.handle_count() == 0 {
            return None;
        }
        header.get_handle(object);
        Some(Self(object.clone()))
    }

    /// The object whose handles are counted.
    #[must_use]
    pub fn object(&self) -> &Gem {
        &self.0
    }
}

impl Drop for HandleCount {
    fn drop(&mut self) {
        let names = self.0.gem().dev().lock_names();
        let last = self.0.gem().put_handle();
        drop(names);
        drop(last);
    }
}

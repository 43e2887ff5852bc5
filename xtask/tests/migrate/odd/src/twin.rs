//! Another queue: a type of a name that there is already.

use drm_core::device::Device;
use drm_core::errno::Result;
use drm_core::gem::{Gem, Gone, Header, Object};
use shm::legacy::{self, CreateObject, Subclass};

/// What the device writes answers to.
pub struct Queue {
    base: legacy::Object,
    head: u32,
}

impl Subclass for Queue {
    fn base(&self) -> &legacy::Object {
        &self.base
    }
}

impl CreateObject for Queue {
    fn gem_create_object(_dev: &Device, base: legacy::Object) -> Result<Self> {
        base.pages_mark_accessed_on_put.set(true);
        Ok(Self { base, head: 7 })
    }
}

impl Object for Queue {
    fn gem(&self) -> &Header {
        &self.base.base
    }

    fn free(&self, gone: &Gone) {
        legacy::object_free(&self.base, gone);
    }
}

/// A queue of this kind, and where it stands.
pub fn twin(dev: &Device) -> Result<(Gem<Queue>, u32)> {
    let queue = legacy::create::<Queue>(dev, 4096)?;
    let head = queue.head;
    Ok((queue, head))
}

//! Import (`amdxdna_gem_prime_import`), and buffers that one object alone has.

use drm_core::device::Device;
use drm_core::errno::Result;
use drm_core::gem::Gem;
use drm_core::prime::DmaBuf;
use gem_uma::{ImportOptions, New};

use super::Objects;
use super::gem::{AmdxdnaObject, to_xdna_obj};
use crate::attached::Attached;

impl Objects {
    /// `amdxdna_gem_prime_import`: a buffer of this very device is none of its objects here, but an import like any other. It is
    /// mapped at once.
    pub(super) fn import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem<AmdxdnaObject>> {
        let options = ImportOptions::default().self_import(false);
        let object = gem_uma::import_with(dev, dma_buf, dev.dma(), options, |new| {
            let make = |new| AmdxdnaObject::new(new, &self.device, None);
            Ok(new.create(make)?.into_dyn())
        })?;
        to_xdna_obj(&object)
    }

    /// An object for a buffer that nobody else may have of it.
    pub(super) fn borrow(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem<AmdxdnaObject>> {
        let attached = Some(Attached::new(dev, dma_buf)?);
        let new = New::private(dev, dma_buf.size());
        new.create(|new| AmdxdnaObject::new(new, &self.device, attached))
    }
}

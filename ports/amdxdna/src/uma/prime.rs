//! Import (`amdxdna_gem_prime_import`): of another device's buffer, and of one of this device, too.

use drm_core::device::Device;
use drm_core::errno::Result;
use drm_core::gem::Gem;
use drm_core::prime::DmaBuf;
use gem_uma::{ImportOptions, New};

use super::Objects;
use super::borrowed::Borrowed;
use super::gem::{AmdxdnaObject, to_xdna_obj};

impl Objects {
    /// An object for a buffer, mapped at once. A buffer of this very device is none of its objects here, but an import like any other.
    pub(super) fn import(
        &self,
        dev: &Device,
        dma_buf: &DmaBuf,
        kind: u32,
    ) -> Result<Gem<AmdxdnaObject>> {
        let options = ImportOptions::default().self_import(false);
        let object = gem_uma::import_with(dev, dma_buf, dev.dma(), options, |new| {
            let make = |new| AmdxdnaObject::new(new, &self.device, kind, None);
            Ok(new.create(make)?.into_dyn())
        })?;
        to_xdna_obj(&object)
    }

    /// An object for a buffer that nobody else may have of it.
    pub(super) fn borrow(
        &self,
        dev: &Device,
        dma_buf: &DmaBuf,
        kind: u32,
    ) -> Result<Gem<AmdxdnaObject>> {
        let borrowed = Borrowed::new(dev, dma_buf)?;
        let new = New::private(dev, dma_buf.size());
        new.create(|new| AmdxdnaObject::new(new, &self.device, kind, Some(borrowed)))
    }
}

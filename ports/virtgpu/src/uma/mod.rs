//! The driver's objects made of the parts of gem-uma (`virtgpu_object.c`, `virtgpu_vram.c`, `virtgpu_prime.c`): a type for each kind.

mod create;
mod object;
mod prime;
mod vram;

use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::sync::Arc;
use gem_uma::New;

use crate::device::VirtgpuDevice;
use crate::resource::Resource;

pub(crate) use object::GuestObject;
pub(crate) use prime::ImportObject;
pub(crate) use vram::VramObject;

/// The side.
pub(crate) struct Objects {
    device: Arc<VirtgpuDevice>,
}

impl Objects {
    pub(crate) fn new(device: &Arc<VirtgpuDevice>) -> Arc<Self> {
        Arc::new(Self {
            device: Arc::clone(device),
        })
    }
}

impl Objects {
    /// The host's side of an object that is being made. `ENOSPC` for one of no bytes, which gets no mmap offset, and no number.
    fn host_of(&self, new: &New, dumb: bool) -> Result<Arc<Resource>> {
        if new.size() == 0 {
            return Err(Errno::ENOSPC);
        }
        Ok(Resource::new(&self.device, dumb))
    }
}

/// An object of this driver, of whichever kind: whoever has one can do what that kind can.
pub(crate) enum Kind {
    /// The guest's memory.
    Guest(Gem<GuestObject>),
    /// The host's.
    Vram(Gem<VramObject>),
    /// Somebody else's.
    Import(Gem<ImportObject>),
}

impl Kind {
    /// `EINVAL` for an object of another driver.
    pub(crate) fn of(object: &Gem) -> Result<Self> {
        let guest = object.downcast().map(Self::Guest);
        let vram = || object.downcast().map(Self::Vram);
        let import = || object.downcast().map(Self::Import);
        guest.or_else(vram).or_else(import).ok_or(Errno::EINVAL)
    }

    /// The host's side of it.
    pub(crate) fn host(&self) -> &Arc<Resource> {
        match self {
            Self::Guest(bo) => &bo.host,
            Self::Vram(bo) => bo.vram.host(),
            Self::Import(bo) => bo.foreign.host(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_of_the_host_or_of_another_driver_carries_nothing_of_the_guests() {
        let guest = size_of::<GuestObject>();
        let one_for_all = size_of::<crate::shmem::VirtioGpuObject>();
        for (kind, size) in [
            ("vram", size_of::<VramObject>()),
            ("import", size_of::<ImportObject>()),
        ] {
            assert!(size < guest, "{kind}: {size} of {guest} bytes");
            assert!(size < one_for_all, "{kind}: {size} of {one_for_all} bytes");
        }
    }
}

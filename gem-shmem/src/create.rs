//! Creation: own objects, and dumb buffers.

use drm_core::device::{Device, DumbArgs, File};
use drm_core::errno::Result;
use drm_core::gem::{Gem, Header};
use drm_core::page_align;
use drm_core::resv::LockedBy;

use crate::object::{Kind, Object};
use crate::pages::Own;

impl Object {
    /// A new object of `size` bytes, rounded up to whole pages (`drm_gem_shmem_helper.c: drm_gem_shmem_create`). No page is
    /// allocated; the memory reads as zeros.
    ///
    /// `EINVAL` for a size that no file can have; `ENOSPC` when the mmap offset space is full, and for size 0; `ENOMEM`.
    /// Takes no lock.
    pub fn create(dev: &Device, size: u64) -> Result<Gem<Object>> {
        let base = Header::new(dev, page_align(size))?;
        let own = LockedBy::new(base.resv_slot(), Own::default());
        Self::publish(Object {
            base,
            kind: Kind::Own(own),
        })
    }

    /// The first reference to an object that is complete but for its mmap offset. Without one it ceases to exist.
    pub(crate) fn publish(object: Object) -> Result<Gem<Object>> {
        let object = Gem::new(object);
        match object.base.create_mmap_offset() {
            Ok(_) => Ok(object),
            Err(error) => {
                object.forget();
                Err(error)
            }
        }
    }

    /// Makes a buffer for the CPU to draw into, and its handle: a driver's `dumb_create`
    /// (`drm_gem_shmem_helper.c: drm_gem_shmem_dumb_create`).
    ///
    /// Fills in `pitch`, `size` (bytes) and `handle`. The pitch is computed in 32 bits before the division by 8, and wraps as
    /// it does in Linux 6.12. Errors of [`Object::create`], and of the handle; no object is left behind then.
    pub fn dumb_create(file: &File, args: &mut DumbArgs) -> Result {
        args.pitch = args.width.wrapping_mul(args.bpp).div_ceil(8);
        args.size = page_align(u64::from(args.pitch.wrapping_mul(args.height)));
        let object = Self::create(file.dev(), args.size)?.into_dyn();
        args.handle = file.handle_create(&object)?;
        Ok(())
    }
}

//! Creation: the hook, own and private objects, dumb buffers, the release.

use drm_core::device::{Device, DumbArgs, File};
use drm_core::errno::Result;
use drm_core::gem::{Gem, Gone, Header};
use drm_core::{page_align, prime};

use super::object::{Object, Subclass};

/// The constructor of a driver's objects (`drm_driver.gem_create_object`).
///
/// It is called for own objects and for imports, and cannot tell which; it gets the size, but no creation flags: those are
/// written once the object exists. On a later error of [`create`] the object is dropped without its `free`.
#[cfg_attr(feature = "locate", deprecated(note = "F02"))]
pub trait CreateObject: Subclass + Sized {
    /// Makes the object around its base class.
    fn gem_create_object(dev: &Device, base: Object) -> Result<Self>;
}

/// A new object of `size` bytes, rounded up to whole pages (`drm_gem_shmem_create`). No page is allocated.
///
/// The hook's error; `EINVAL` for a size that no file can have; `ENOSPC` when the mmap offset space is full, and for size
/// 0; `ENOMEM`.
#[cfg_attr(feature = "locate", deprecated(note = "F13"))]
pub fn create<T: CreateObject>(dev: &Device, size: u64) -> Result<Gem<T>> {
    let object =
        T::gem_create_object(dev, Object::new(Header::new_private(dev, page_align(size))))?;
    object.base().base.init_file()?;
    finish(object)
}

/// A new object without a file, for pages that come from elsewhere. Write-combining is off, whatever the hook says.
#[cfg_attr(feature = "locate", deprecated(note = "F13"))]
pub fn create_private<T: CreateObject>(dev: &Device, size: u64) -> Result<Gem<T>> {
    let object =
        T::gem_create_object(dev, Object::new(Header::new_private(dev, page_align(size))))?;
    object.base().map_wc.set(false);
    finish(object)
}

/// An error from here on drops the object without its `free`: [`Gem::forget`] is the `kfree` of the kernel's error path.
fn finish<T: CreateObject>(object: T) -> Result<Gem<T>> {
    let object = Gem::new(object);
    match object.base().base.create_mmap_offset() {
        Ok(_) => Ok(object),
        Err(error) => {
            object.forget();
            Err(error)
        }
    }
}

/// Makes a buffer for the CPU to draw into, and its handle (`drm_gem_shmem_dumb_create`).
///
/// The pitch is computed in 32 bits before the division by 8, and wraps. Errors of [`create`], of the handle, and of the
/// driver's `open`.
#[cfg_attr(feature = "locate", deprecated(note = "F28"))]
pub fn dumb_create<T: CreateObject>(file: &File, args: &mut DumbArgs) -> Result {
    let min_pitch = args.width.wrapping_mul(args.bpp).div_ceil(8);
    if args.pitch == 0 || args.size == 0 {
        args.pitch = min_pitch;
        args.size = page_align(u64::from(args.pitch.wrapping_mul(args.height)));
    } else {
        args.pitch = args.pitch.max(min_pitch);
        let needed = page_align(u64::from(args.pitch.wrapping_mul(args.height)));
        args.size = args.size.max(needed);
    }
    let object = create::<T>(file.dev(), args.size)?.into_dyn();
    args.handle = file.handle_create(&object)?;
    Ok(())
}

impl Object {
    /// Releases everything (`drm_gem_shmem_free`, without the memory of the struct). One use that is left is tolerated:
    /// nobody can tell whose it was.
    #[cfg_attr(feature = "locate", deprecated(note = "F14"))]
    pub fn free(&self, _gone: &Gone) {
        if let Some(attach) = self.base.import_attach() {
            let table = self.racy().sgt.clone();
            prime::destroy(attach, table.as_ref());
            return;
        }
        let mut guard = self.base.resv().lock();
        if self.locked(&mut guard).vmap_use_count != 0 {
            self.machine()
                .warn("drm_gem_shmem: freed while mapped for the kernel");
        }
        if let Some(table) = self.locked(&mut guard).sgt.take() {
            table.unmap();
        }
        let has_pages = self.locked(&mut guard).pages.is_some();
        if has_pages {
            self.put_pages(&mut guard);
        }
        if self.locked(&mut guard).pages_use_count != 0 {
            self.machine()
                .warn("drm_gem_shmem: freed while its pages are in use");
        }
    }
}

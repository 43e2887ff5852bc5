//! New mappings: of a DRM file, of a dma-buf.

use super::process::{Process, Prot, Sharing};
use super::vma::{NewVma, VmFlags, VmaFile};
use crate::device::File;
use crate::errno::{Errno, Result};
use crate::gem::Gem;
use crate::prime::DmaBuf;
use crate::{PAGE_SHIFT, PAGE_SIZE};

impl Process {
    /// Maps `len` bytes of a DRM file from byte `offset` of the device's offset space (`drm_gem_mmap`). Returns the address.
    ///
    /// `EACCES` for a shared writable mapping of a file opened for reading; `ENODEV` when the device is gone; `EINVAL` when
    /// no object's offset is exactly `offset`, or `len` is longer than the object; `EACCES` when the file has no handle of it;
    /// else what the object's `mmap` answers.
    pub fn mmap(
        &self,
        file: &File,
        len: u64,
        prot: Prot,
        sharing: Sharing,
        offset: u64,
    ) -> Result<u64> {
        self.map_file(None, file, len, prot, sharing, offset)
    }

    /// [`Process::mmap`] at an address of the caller's, in the place of what is mapped there (`MAP_FIXED`). `EINVAL` for one that is
    /// not page aligned, `ENOMEM` for a mapping that would not end.
    pub fn mmap_fixed(
        &self,
        at: u64,
        file: &File,
        len: u64,
        prot: Prot,
        sharing: Sharing,
        offset: u64,
    ) -> Result<u64> {
        if !at.is_multiple_of(PAGE_SIZE) {
            return Err(Errno::EINVAL);
        }
        self.map_file(Some(at), file, len, prot, sharing, offset)
    }

    fn map_file(
        &self,
        at: Option<u64>,
        file: &File,
        len: u64,
        prot: Prot,
        sharing: Sharing,
        offset: u64,
    ) -> Result<u64> {
        let _syscall = self.machine().syscall();
        if !offset.is_multiple_of(PAGE_SIZE) {
            return Err(Errno::EINVAL);
        }
        if prot.writes() && sharing == Sharing::Shared && !file.is_writable() {
            return Err(Errno::EACCES);
        }
        let start = offset >> PAGE_SHIFT;
        let mut vma = self.new_vma(at, len, prot, sharing, VmaFile::Drm(file.clone()), start)?;
        if let Some(at) = at {
            let end = Self::end_of(at, len).ok_or(Errno::ENOMEM)?;
            self.unmap(at, end);
        }
        let dev = file.dev();
        if dev.is_unplugged() {
            return Err(Errno::ENODEV);
        }
        if let Some(mapped) = dev.driver().clone().mmap(file, &mut vma) {
            mapped?;
            return Ok(self.install(vma));
        }
        let object = dev
            .offsets()
            .lookup_exact(start, vma.pages())
            .ok_or(Errno::EINVAL)?;
        if !object.gem().node().is_allowed(file.tag()) {
            return Err(Errno::EACCES);
        }
        mmap_object(&object, object.gem().node().pages(), &mut vma)?;
        let (populate, pages) = (vma.populate, vma.pages());
        let at = self.install(vma);
        if populate {
            self.touch(at, pages)
                .inspect_err(|_| self.unmap(at, at + (pages << PAGE_SHIFT)))?;
        }
        Ok(at)
    }

    /// Touches `pages` pages from `at` on for writing. `EFAULT` for one that cannot be.
    fn touch(&self, at: u64, pages: u64) -> Result {
        (0..pages).try_for_each(|page| self.access(at + (page << PAGE_SHIFT), true, |_| ()))
    }

    /// Maps `len` bytes of a dma-buf from byte `offset` (`dma_buf_mmap_internal`). Returns the address.
    ///
    /// `EACCES` for a shared writable mapping of a buffer opened for reading, `EINVAL` beyond the buffer, else the exporter's
    /// answer.
    pub fn mmap_dma_buf(
        &self,
        dma_buf: &DmaBuf,
        len: u64,
        prot: Prot,
        sharing: Sharing,
        offset: u64,
    ) -> Result<u64> {
        let _syscall = self.machine().syscall();
        if !offset.is_multiple_of(PAGE_SIZE) {
            return Err(Errno::EINVAL);
        }
        if prot.writes() && sharing == Sharing::Shared && !dma_buf.is_writable() {
            return Err(Errno::EACCES);
        }
        let pgoff = offset >> PAGE_SHIFT;
        let mut vma = self.new_vma(
            None,
            len,
            prot,
            sharing,
            VmaFile::DmaBuf(dma_buf.clone()),
            pgoff,
        )?;
        if pgoff + vma.pages() > dma_buf.size() >> PAGE_SHIFT {
            return Err(Errno::EINVAL);
        }
        dma_buf.ops()?.mmap(dma_buf, &mut vma)?;
        Ok(self.install(vma))
    }
}

/// Maps an object (`drm_gem_mmap_obj`). `EINVAL` for a mapping longer than `pages`.
fn mmap_object(object: &Gem, pages: u64, vma: &mut NewVma) -> Result {
    if vma.pages() > pages {
        return Err(Errno::EINVAL);
    }
    vma.set_object(Some(object.clone()));
    object.mmap(vma)?;
    if !vma.flags().contains(VmFlags::DONTEXPAND) {
        object
            .gem()
            .machine()
            .warn("drm_gem: mmap did not set DONTEXPAND");
    }
    Ok(())
}

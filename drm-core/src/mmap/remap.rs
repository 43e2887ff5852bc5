//! Changing mappings that are there: `munmap`, `mprotect`, `madvise`, `mremap`.

use super::notifier::Invalidation;
use super::process::{Process, Prot};
use super::vma::{VmFlags, Vma, VmaFile};
use crate::errno::{Errno, Result};
use crate::sync::Arc;
use crate::{PAGE_SHIFT, PAGE_SIZE};

impl Process {
    /// Unmaps `len` bytes from `addr`; a mapping that is cut keeps the rest (`munmap`). `EINVAL` for an address that is not
    /// page aligned, no bytes, or more than there are.
    pub fn munmap(&self, addr: u64, len: u64) -> Result {
        let _syscall = self.machine().syscall();
        if !addr.is_multiple_of(PAGE_SIZE) || len == 0 {
            return Err(Errno::EINVAL);
        }
        let end = Self::end_of(addr, len).ok_or(Errno::EINVAL)?;
        self.unmap(addr, end);
        Ok(())
    }

    pub(super) fn unmap(&self, addr: u64, end: u64) {
        self.notifiers().invalidate(addr, end, Invalidation::Unmap);
        for vma in self.vmas_in(addr, end) {
            self.cut(&vma, addr, end);
        }
    }

    /// Removes `addr..end` from a mapping. Every rest is a copy that opens before the whole closes, as a split does.
    fn cut(&self, vma: &Arc<Vma>, addr: u64, end: u64) {
        let from = addr.saturating_sub(vma.start()) >> PAGE_SHIFT;
        let to = (end.min(vma.end()) - vma.start()) >> PAGE_SHIFT;
        let rests = [(0, from), (to, vma.pages())];
        for (first, last) in rests.into_iter().filter(|(first, last)| first < last) {
            self.install_copy(vma.copy(first, last, vma.prot()));
        }
        self.close(vma);
    }

    /// Changes what `len` bytes from `addr` may be used for (`mprotect`). A mapping that is covered in part is split, and every
    /// part opens.
    ///
    /// `EINVAL` for an address that is not page aligned, `ENOMEM` where nothing is mapped or there is nothing, `EACCES` when the file does not
    /// allow writing.
    pub fn mprotect(&self, addr: u64, len: u64, prot: Prot) -> Result {
        let _syscall = self.machine().syscall();
        if !addr.is_multiple_of(PAGE_SIZE) {
            return Err(Errno::EINVAL);
        }
        let end = Self::end_of(addr, len).ok_or(Errno::ENOMEM)?;
        self.notifiers()
            .invalidate(addr, end, Invalidation::Protection);
        let mut at = addr;
        while at < end {
            let vma = self.vma(at).ok_or(Errno::ENOMEM)?;
            if prot.writes() && !vma.may_write() {
                return Err(Errno::EACCES);
            }
            let from = (at - vma.start()) >> PAGE_SHIFT;
            let to = (end.min(vma.end()) - vma.start()) >> PAGE_SHIFT;
            at = vma.end();
            if vma.prot() != prot {
                self.split(&vma, from, to, prot);
            }
        }
        Ok(())
    }

    /// Gives pages `from..to` of a mapping other rights; what is left on both sides keeps its own.
    fn split(&self, vma: &Arc<Vma>, from: u64, to: u64, prot: Prot) {
        let parts = [
            (0, from, vma.prot()),
            (from, to, prot),
            (to, vma.pages(), vma.prot()),
        ];
        if from == 0 && to == vma.pages() {
            // No split: the mapping is changed, and nothing opens or closes.
            self.replace(vma.copy(0, to, prot));
            return;
        }
        for (first, last, prot) in parts.into_iter().filter(|(first, last, _)| first < last) {
            self.install_copy(vma.copy(first, last, prot));
        }
        self.close(vma);
    }

    /// Drops the entries of `len` bytes from `addr`; the next touch faults (`MADV_DONTNEED`).
    ///
    /// `EINVAL` for an address that is not page aligned, for more than there is, for a mapping without bookkeeping of its pages, and for memory of the
    /// process alone, which this machine does not drop; `ENOMEM` where nothing is mapped.
    pub fn madvise_dontneed(&self, addr: u64, len: u64) -> Result {
        let _syscall = self.machine().syscall();
        if !addr.is_multiple_of(PAGE_SIZE) {
            return Err(Errno::EINVAL);
        }
        let end = Self::end_of(addr, len).ok_or(Errno::EINVAL)?;
        let mut at = addr;
        while at < end {
            let vma = self.vma(at).ok_or(Errno::ENOMEM)?;
            let is_kept = vma.flags().intersects(VmFlags::PFNMAP | VmFlags::IO);
            if is_kept || matches!(vma.file(), VmaFile::Anonymous(_)) {
                return Err(Errno::EINVAL);
            }
            let (from, to) = (at, end.min(vma.end()));
            self.notifiers().invalidate(from, to, Invalidation::Clear);
            let page = |addr: u64| (addr - vma.start()) >> PAGE_SHIFT;
            let zapped = vma.zap(page(from), page(to));
            self.machine().counters().user_ptes_zapped.add(zapped);
            at = vma.end();
        }
        Ok(())
    }

    /// Gives a mapping another size, in place (`mremap` without `MREMAP_MAYMOVE`). Returns the address.
    ///
    /// `EFAULT` where nothing is mapped, for more than the one mapping, and for one that may not grow; `EINVAL` for sizes that
    /// make no sense; `ENOMEM` for one that could grow, but has no room.
    pub fn mremap(&self, addr: u64, old_len: u64, new_len: u64) -> Result<u64> {
        let _syscall = self.machine().syscall();
        let (old_len, new_len) = (crate::page_align(old_len), crate::page_align(new_len));
        if !addr.is_multiple_of(PAGE_SIZE) || new_len == 0 {
            return Err(Errno::EINVAL);
        }
        let vma = self.vma(addr).ok_or(Errno::EFAULT)?;
        if old_len > new_len {
            let from = addr.checked_add(new_len).ok_or(Errno::EINVAL)?;
            self.munmap(from, old_len - new_len)?;
            return Ok(addr);
        }
        if old_len > vma.end() - addr {
            return Err(Errno::EFAULT);
        }
        if old_len == new_len {
            return Ok(addr);
        }
        if vma
            .flags()
            .intersects(VmFlags::DONTEXPAND | VmFlags::PFNMAP)
        {
            return Err(Errno::EFAULT);
        }
        Err(Errno::ENOMEM)
    }

    /// Moves `len` bytes of a mapping to a place of their own (`mremap` with `MREMAP_FIXED`), entries and all. Returns the new
    /// address.
    ///
    /// `EFAULT` where nothing is mapped, and for more than the one mapping; `EINVAL` for an address that is not page aligned, or
    /// no bytes.
    pub fn mremap_move(&self, addr: u64, len: u64) -> Result<u64> {
        let _syscall = self.machine().syscall();
        let len = crate::page_align(len);
        if !addr.is_multiple_of(PAGE_SIZE) || len == 0 {
            return Err(Errno::EINVAL);
        }
        let vma = self.vma(addr).ok_or(Errno::EFAULT)?;
        if len > vma.end() - addr {
            return Err(Errno::EFAULT);
        }
        let first = (addr - vma.start()) >> PAGE_SHIFT;
        let to = self.reserve(len >> PAGE_SHIFT);
        self.install_copy(vma.copy_to(to, first, first + (len >> PAGE_SHIFT)));
        self.munmap(addr, len)?;
        Ok(to)
    }
}

//! Memory of a process that no object stands behind, and its pages pinned for a device.

use super::process::{Process, Prot, Sharing};
use super::vma::VmaFile;
use crate::errno::{Errno, Result};
use crate::memory::{Gfp, Page};
use crate::sync::Arc;
use crate::{PAGE_SHIFT, PAGE_SIZE};

impl Process {
    /// Maps `len` bytes of zeroed memory, all of it at once (`MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE`). Returns the address.
    ///
    /// `EINVAL` for no bytes, `ENOMEM`.
    pub fn mmap_anonymous(&self, len: u64) -> Result<u64> {
        let _syscall = self.machine().syscall();
        let count = crate::page_align(len) >> PAGE_SHIFT;
        let frames = self.machine().frames();
        let pages: Arc<[Page]> = (0..count)
            .map(|_| Page::alloc(frames, Gfp::KERNEL))
            .collect::<Result<_>>()?;
        let file = VmaFile::Anonymous(Arc::clone(&pages));
        let mut vma = self.new_vma(None, len, Prot::ReadWrite, Sharing::Shared, file, 0)?;
        for (page, index) in pages.iter().zip(0..) {
            vma.map_page(index, page.phys());
        }
        Ok(self.install(vma))
    }

    /// Pins `count` pages from `addr` on, for writing and for long (`pin_user_pages_fast(FOLL_WRITE | FOLL_LONGTERM)`): as many as
    /// there are in a row. Dropping a page unpins it.
    ///
    /// `EFAULT` when there is not even the first: an object's mapping cannot be pinned, nor what is not mapped.
    pub fn pin_user_pages(&self, addr: u64, count: u64) -> Result<Vec<Page>> {
        let page = |index: u64| {
            let addr = addr.checked_add(index * PAGE_SIZE)?;
            let vma = self.vma(addr).filter(|vma| vma.prot().writes())?;
            let VmaFile::Anonymous(pages) = vma.file() else {
                return None;
            };
            let index = vma.pgoff() + ((addr - vma.start()) >> PAGE_SHIFT);
            pages.get(index as usize).cloned()
        };
        let pages: Vec<Page> = (0..count).map_while(page).collect();
        if pages.is_empty() && count > 0 {
            return Err(Errno::EFAULT);
        }
        Ok(pages)
    }
}

//! Blocks of memory, and their frame numbers on the way into a list.

use drm_core::dma::Entry;
use drm_core::errno::Errno;
use drm_core::machine::Fail;
use drm_core::{PAGE_SHIFT, PAGE_SIZE};

use super::{ALIGN_SIZE, ALIGNMENT, Block, ENTRY_SIZE, FreeList, Inner};
use crate::buffer::PvrGem;
use crate::fwif::put32;
use crate::uapi::BoFlags;

/// Why frame numbers could not be written.
pub(super) enum WriteError {
    /// As the kernel answers.
    Errno(Errno),
    /// The kernel wrote where nothing is mapped: it does not go on from there.
    Crash,
}

impl From<Errno> for WriteError {
    fn from(errno: Errno) -> Self {
        Self::Errno(errno)
    }
}

impl<B: PvrGem> FreeList<B> {
    /// Pages to hold back until the next request is answered (`calculate_free_list_ready_pages_locked`); in 32 bits.
    pub(super) fn ready_pages(&self, pages: u32) -> u32 {
        let wanted = pages.wrapping_mul(self.grow_threshold) / 100;
        wanted.min(self.grow_pages) & !ALIGNMENT
    }

    /// Adds a block of memory (`pvr_free_list_grow`). Its size is worked out in 32 bits. Nothing compares with `max_pages`.
    pub(super) fn grow(&self, num_pages: u32) -> std::result::Result<(), WriteError> {
        let mut inner = self.inner.lock();
        if num_pages & ALIGNMENT != 0 {
            return Err(Errno::EINVAL.into());
        }
        self.pvr.machine().failpoints().check(Fail::Alloc)?;
        let size = u64::from(num_pages << PAGE_SHIFT);
        let mem_obj = B::create(&self.pvr.drm()?, size, BoFlags::empty())?;
        let block = Block { num_pages, mem_obj };
        if let Err(error) = self.insert_block(&mut inner, &block) {
            if matches!(error, WriteError::Crash) {
                // Whoever crashed gives nothing back.
                std::mem::forget(block);
            }
            return Err(error);
        }
        inner.blocks.push(block);
        inner.ready_pages = self.ready_pages(inner.current_pages);
        inner.current_pages = inner.current_pages.wrapping_sub(inner.ready_pages);
        Ok(())
    }

    /// Writes the frame numbers of a block below those that are there (`pvr_free_list_insert_node_locked`). Where that is is
    /// counted from the start of the buffer object, in 32 bits: from the start of the mapping would be right.
    pub(super) fn insert_block(
        &self,
        inner: &mut Inner<B>,
        block: &Block<B>,
    ) -> std::result::Result<(), WriteError> {
        let start = self
            .max_pages
            .wrapping_sub(inner.current_pages)
            .wrapping_sub(block.num_pages);
        let offset = ((u64::from(start) * ENTRY_SIZE) & !(ALIGN_SIZE - 1)) as u32;
        let segments = block.mem_obj.get_block_sgt().inspect_err(|_| {
            self.pvr.machine().warn("pvr_free_list.c: IS_ERR(sgt)");
        })?;
        self.insert_pages(&segments, offset, block.num_pages)?;
        inner.current_pages = inner.current_pages.wrapping_add(block.num_pages);
        Ok(())
    }

    /// Writes at most `num_pages` frame numbers of a table (`pvr_free_list_insert_pages_locked`). A store outside of the list's
    /// kernel mapping is a crash.
    fn insert_pages(
        &self,
        segments: &[Entry],
        offset: u32,
        num_pages: u32,
    ) -> std::result::Result<(), WriteError> {
        let list = self.obj.kernel_map()?;
        let pages = segments
            .iter()
            .flat_map(|entry| (entry.addr..entry.addr + entry.len).step_by(PAGE_SIZE as usize));
        let first = u64::from(offset) / ENTRY_SIZE;
        for (index, addr) in (first..).zip(pages.take(num_pages as usize)) {
            let frame = addr >> PAGE_SHIFT;
            if frame >> 32 != 0 {
                self.pvr
                    .machine()
                    .warn_once("pvr_free_list.c: dma_pfn >> 32");
            }
            if put32(&list, index * ENTRY_SIZE, frame as u32).is_err() {
                self.pvr.machine().oops(format!(
                    "pvr_free_list.c: pvr_free_list_insert_pages_locked: store at byte {:#x} of a list of {:#x}",
                    index * ENTRY_SIZE,
                    list.len()
                ));
                return Err(WriteError::Crash);
            }
        }
        self.obj.kernel_unmap();
        Ok(())
    }
}

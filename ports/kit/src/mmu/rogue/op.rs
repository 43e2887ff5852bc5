//! One map or unmap (`struct pvr_mmu_op_context`).

use drm_core::errno::{Errno, Result};

use super::cursor::PagePtr;
use super::{OpError, PageFlags, RogueTable};
use crate::mmu::Segment;
use crate::mmu::memory::{TableEvent, TableMemory};

/// How far up the tables were changed; a flush of one level covers those below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SyncLevel {
    /// Page tables (with TLB and interrupt, always).
    PageTable,
    /// And page directories.
    Directory,
    /// And the page catalogue.
    Catalogue,
}

/// What an operation leaves to be flushed in the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flush {
    /// To be added to the flags of the device; `None` if nothing was changed.
    pub level: Option<SyncLevel>,
    /// An unmap is flushed before it returns; a map waits for the next job or unmap.
    pub now: bool,
}

/// One operation on a [`RogueTable`]: reserved tables before it, emptied ones after it.
///
/// Dropping it frees both kinds; [`finish`](Self::finish) also says what to flush.
#[derive(Debug)]
pub struct RogueOp<M: TableMemory> {
    pub(super) mem: M,
    unmaps: bool,
    pub(super) directories: Vec<u64>,
    pub(super) page_tables: Vec<u64>,
    pub(super) emptied_directories: Vec<u64>,
    pub(super) emptied_page_tables: Vec<u64>,
    pub(super) at: PagePtr,
    sync_required: Option<SyncLevel>,
    synced: Option<SyncLevel>,
}

impl<M: TableMemory> RogueOp<M> {
    pub(super) fn new(mem: M, unmaps: bool) -> Self {
        Self {
            mem,
            unmaps,
            directories: Vec::new(),
            page_tables: Vec::new(),
            emptied_directories: Vec::new(),
            emptied_page_tables: Vec::new(),
            at: PagePtr::default(),
            sync_required: None,
            synced: None,
        }
    }

    /// Reserves tables. On `ENOMEM` the caller drops the operation, and so what it got.
    pub(super) fn reserve(&mut self, directories: u64, page_tables: u64) -> Result {
        for _ in 0..directories {
            self.directories.push(self.mem.alloc_table(0)?);
        }
        for _ in 0..page_tables {
            self.page_tables.push(self.mem.alloc_table(0)?);
        }
        Ok(())
    }

    /// Tables reserved and not yet used: directories, page tables.
    pub fn reserved(&self) -> (usize, usize) {
        (self.directories.len(), self.page_tables.len())
    }

    /// Ends the operation (`pvr_mmu_op_context_destroy`) and says what the device must flush.
    pub fn finish(self) -> Flush {
        self.finish_with(|flush| flush)
    }

    /// The same; tables are freed once `flush` is done.
    pub fn finish_with<T>(mut self, flush: impl FnOnce(Flush) -> T) -> T {
        let now = self.sync_required.is_some() && self.unmaps;
        self.sync();
        flush(Flush {
            level: self.synced,
            now,
        })
    }

    pub(super) fn require_sync(&mut self, level: SyncLevel) {
        self.sync_required = self.sync_required.max(Some(level));
    }

    /// Writes the current tables back up to the level required (`pvr_mmu_op_context_sync`).
    pub(super) fn sync(&mut self) {
        let level = self.sync_required.take();
        self.sync_tables(level);
    }

    /// The same for the tables that are left behind (`pvr_mmu_op_context_sync_partial`).
    pub(super) fn sync_partial(&mut self, level: Option<SyncLevel>) {
        if level >= self.sync_required {
            self.sync();
        } else {
            self.sync_tables(level);
        }
    }

    fn sync_tables(&mut self, level: Option<SyncLevel>) {
        let Some(level) = level else {
            return;
        };
        if self.at.page_table.is_some() {
            self.synced = self.synced.max(Some(SyncLevel::PageTable));
        }
        if level >= SyncLevel::Directory && self.at.directory.is_some() {
            self.synced = self.synced.max(Some(SyncLevel::Directory));
        }
        if level == SyncLevel::Catalogue {
            self.synced = Some(SyncLevel::Catalogue);
        }
    }
}

impl<M: TableMemory + Clone> RogueOp<M> {
    /// Maps `size` bytes of `segments`, from byte `offset` of them on, at `va` (`pvr_mmu_map`).
    ///
    /// # Errors
    /// What this call mapped is unmapped again. `EINVAL` for an offset or size that is not whole pages,
    /// and when the tables for the first page are missing; `ENOMEM` when they run out later, `EEXIST`
    /// for a page that is mapped already, `EPERM` at the end of the space.
    pub fn map<I>(
        &mut self,
        table: &mut RogueTable<M>,
        va: u64,
        segments: I,
        mut offset: u64,
        size: u64,
        flags: PageFlags,
    ) -> std::result::Result<(), OpError>
    where
        I: IntoIterator<Item = Segment>,
    {
        if size == 0 {
            return Ok(());
        }
        let page = table.format.page_size();
        if !(offset | size).is_multiple_of(page.bytes()) {
            return Err(Errno::EINVAL.into());
        }
        self.set_page(table, va, true).map_err(|_| Errno::EINVAL)?;
        let start = self.at;
        let mut mapped = 0;
        let mut result = Ok(());
        for segment in segments {
            if segment.len <= offset {
                offset -= segment.len;
                continue;
            }
            let len = (segment.len - offset).min(size - mapped);
            result = self.map_segment(table, segment.addr + offset, len >> page.shift(), flags);
            if result.is_err() {
                break;
            }
            self.require_sync(SyncLevel::PageTable);
            offset = 0;
            mapped += len;
            if mapped >= size {
                break;
            }
            result = self.next_page(table, true);
            if result.is_err() {
                break;
            }
        }
        if result.is_err() && mapped != 0 {
            self.at = start;
            self.unmap_pages(table, mapped >> page.shift())?;
        }
        result
    }

    /// Maps `pages` pages from `pa` on at the current page (`pvr_mmu_map_sgl`).
    fn map_segment(
        &mut self,
        table: &mut RogueTable<M>,
        pa: u64,
        pages: u64,
        flags: PageFlags,
    ) -> std::result::Result<(), OpError> {
        let start = self.at;
        let bytes = table.format.page_size().bytes();
        self.create_page(table, pa, flags)?;
        for page in 1..pages {
            let next = self.next_page(table, true);
            let created = next.and_then(|()| self.create_page(table, pa + page * bytes, flags));
            if let Err(error) = created {
                self.at = start;
                self.unmap_pages(table, page)?;
                return Err(error);
            }
        }
        Ok(())
    }

    /// Unmaps `size` bytes at `va` (`pvr_mmu_unmap`). The first page may be unmapped already.
    ///
    /// # Errors
    /// [`OpError::NullTable`] if a later page is in no page table, or in one that this call has
    /// emptied: what came before is unmapped. `EPERM` at the end of the space.
    pub fn unmap(
        &mut self,
        table: &mut RogueTable<M>,
        va: u64,
        size: u64,
    ) -> std::result::Result<(), OpError> {
        self.set_page(table, va, false)?;
        self.unmap_pages(table, size >> table.format.page_size().shift())
    }

    /// `pvr_mmu_op_context_unmap_curr_page`.
    fn unmap_pages(
        &mut self,
        table: &mut RogueTable<M>,
        pages: u64,
    ) -> std::result::Result<(), OpError> {
        if pages == 0 {
            return Ok(());
        }
        if self.at.page_table.is_some() {
            self.destroy_page(table)?;
        }
        for _ in 1..pages {
            self.next_page(table, false)?;
            self.destroy_page(table)?;
        }
        Ok(())
    }
}

impl<M: TableMemory> Drop for RogueOp<M> {
    fn drop(&mut self) {
        for &table in self.page_tables.iter().chain(&self.directories) {
            self.mem.free_table(table, 0);
        }
        let emptied = self
            .emptied_page_tables
            .iter()
            .chain(&self.emptied_directories);
        for &table in emptied {
            self.mem.free_table(table, 0);
            self.mem.count(TableEvent::TableFree, 1);
        }
    }
}

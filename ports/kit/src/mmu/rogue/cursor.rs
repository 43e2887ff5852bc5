//! The current page of an operation, and the tables around it (`struct pvr_page_table_ptr`).
//!
//! It moves page by page and loads tables only where an index wraps.

use drm_core::errno::Errno;

use super::op::{RogueOp, SyncLevel};
use super::{Node, OpError, PageFlags, RogueFormat, RogueTable};
use crate::mmu::memory::{TableEvent, TableMemory, Tables};
use crate::mmu::radix::{Entry, Format};

/// Indices of the current page and the tables loaded for them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PagePtr {
    catalogue_index: u64,
    directory_index: u64,
    page_index: u64,
    pub(super) directory: Option<u64>,
    pub(super) page_table: Option<u64>,
}

impl<M: TableMemory + Clone> RogueOp<M> {
    /// Turns to the page at `va` (`pvr_mmu_op_context_set_curr_page`).
    pub(super) fn set_page(
        &mut self,
        table: &mut RogueTable<M>,
        va: u64,
        create: bool,
    ) -> Result<(), OpError> {
        self.sync();
        self.mem.count(TableEvent::Walk, 1);
        let levels = table.format.levels();
        self.at = PagePtr {
            catalogue_index: levels[0].index(va),
            directory_index: levels[1].index(va),
            page_index: levels[2].index(va),
            directory: None,
            page_table: None,
        };
        self.load(table, create, Some(SyncLevel::Directory))
    }

    /// Turns to the next page (`pvr_mmu_op_context_next_page`).
    pub(super) fn next_page(
        &mut self,
        table: &mut RogueTable<M>,
        create: bool,
    ) -> Result<(), OpError> {
        let entries = |depth: usize| table.format.levels()[depth].entries();
        let at = &mut self.at;
        let mut load = None;
        at.page_index += 1;
        if at.page_index == entries(2) {
            at.page_index = 0;
            load = Some(SyncLevel::PageTable);
            at.directory_index += 1;
            if at.directory_index == entries(1) {
                at.directory_index = 0;
                load = Some(SyncLevel::Directory);
                at.catalogue_index += 1;
                if at.catalogue_index == entries(0) {
                    self.mem.warn("pvr_mmu.c:2212");
                    return Err(Errno::EPERM.into());
                }
            }
        }
        self.sync_partial(load);
        self.load(table, create, load)
    }

    /// Loads tables from `level` down; where one is missing takes a reserved one, or, if not `create`,
    /// leaves it out (`pvr_mmu_op_context_load_tables`).
    fn load(
        &mut self,
        table: &mut RogueTable<M>,
        create: bool,
        level: Option<SyncLevel>,
    ) -> Result<(), OpError> {
        let Some(level) = level else {
            return Ok(());
        };
        self.at.page_table = None;
        let mut new_directory = false;
        if level == SyncLevel::Directory {
            self.at.directory = None;
            match self.directory(table, create)? {
                Some(new) => new_directory = new,
                None => return Ok(()),
            }
        }
        match self.page_table(table, create) {
            Ok(Some(new_page_table)) => {
                if new_directory {
                    self.require_sync(SyncLevel::Catalogue);
                } else if new_page_table {
                    self.require_sync(SyncLevel::Directory);
                }
                Ok(())
            }
            Ok(None) => Ok(()),
            Err(error) => {
                // The directory was put in for nothing, and is empty.
                if new_directory {
                    self.remove_directory(table);
                    self.require_sync(SyncLevel::Catalogue);
                }
                Err(error)
            }
        }
    }

    /// Loads the directory; whether it is new, `None` if there is none
    /// (`pvr_page_table_l1_get_or_insert`).
    fn directory(
        &mut self,
        table: &mut RogueTable<M>,
        create: bool,
    ) -> Result<Option<bool>, OpError> {
        let slot = table.catalogue + 4 * self.at.catalogue_index;
        let raw = self.mem.read32(slot).into();
        if let Entry::Table { pa } = table.format.entry(0, raw) {
            self.at.directory = Some(pa);
            return Ok(Some(false));
        }
        if !create {
            return Ok(None);
        }
        let new = self.directories.pop().ok_or(Errno::ENOMEM)?;
        self.mem.count(TableEvent::TableAlloc, 1);
        self.mem.put32(slot, RogueFormat::catalogue_entry(new));
        table.link(new, table.catalogue, self.at.catalogue_index);
        self.at.directory = Some(new);
        Ok(Some(true))
    }

    /// The same for the page table (`pvr_page_table_l0_get_or_insert`).
    fn page_table(
        &mut self,
        table: &mut RogueTable<M>,
        create: bool,
    ) -> Result<Option<bool>, OpError> {
        let directory = self.at.directory.ok_or(OpError::NullTable)?;
        let slot = directory + 8 * self.at.directory_index;
        if let Entry::Table { pa } = table.format.entry(1, self.mem.read64(slot)) {
            self.at.page_table = Some(pa);
            return Ok(Some(false));
        }
        if !create {
            return Ok(None);
        }
        let new = self.page_tables.pop().ok_or(Errno::ENOMEM)?;
        self.mem.count(TableEvent::TableAlloc, 1);
        self.mem.put64(slot, table.format.directory_entry(new));
        table.link(new, directory, self.at.directory_index);
        table.add_entries(directory, 1);
        self.at.page_table = Some(new);
        Ok(Some(true))
    }

    /// Writes the entry of the current page (`pvr_page_create`). `EEXIST` if there is one.
    pub(super) fn create_page(
        &mut self,
        table: &mut RogueTable<M>,
        pa: u64,
        flags: PageFlags,
    ) -> Result<(), OpError> {
        let (page_table, slot) = self.slot()?;
        if table.format.entry(2, self.mem.read64(slot)) != Entry::Empty {
            return Err(Errno::EEXIST.into());
        }
        self.mem.put64(slot, table.format.page_entry(pa, flags));
        table.add_entries(page_table, 1);
        self.require_sync(SyncLevel::PageTable);
        Ok(())
    }

    /// Clears the entry of the current page, if any, and unlinks what gets empty
    /// (`pvr_page_destroy`).
    pub(super) fn destroy_page(&mut self, table: &mut RogueTable<M>) -> Result<(), OpError> {
        let (page_table, slot) = self.slot()?;
        if table.format.entry(2, self.mem.read64(slot)) == Entry::Empty {
            return Ok(());
        }
        self.mem.put64(slot, 0);
        if table.add_entries(page_table, -1) == 0 {
            self.remove_page_table(table, page_table);
        }
        self.require_sync(SyncLevel::PageTable);
        Ok(())
    }

    fn slot(&self) -> Result<(u64, u64), OpError> {
        let page_table = self.at.page_table.ok_or(OpError::NullTable)?;
        Ok((page_table, page_table + 8 * self.at.page_index))
    }

    /// `pvr_page_table_l1_remove`.
    fn remove_page_table(&mut self, table: &mut RogueTable<M>, page_table: u64) {
        self.at.page_table = None;
        let Some(node) = table.nodes.remove(&page_table) else {
            return;
        };
        self.mem.put64(node.parent + 8 * node.index_in_parent, 0);
        self.emptied_page_tables.push(page_table);
        if table.add_entries(node.parent, -1) == 0 {
            self.remove_directory(table);
        }
    }

    /// `pvr_page_table_l2_remove`.
    fn remove_directory(&mut self, table: &mut RogueTable<M>) {
        let Some(directory) = self.at.directory.take() else {
            return;
        };
        if let Some(node) = table.nodes.remove(&directory) {
            self.mem.put32(node.parent + 4 * node.index_in_parent, 0);
            self.emptied_directories.push(directory);
        }
    }
}

impl<M: TableMemory> RogueTable<M> {
    fn link(&mut self, table: u64, parent: u64, index_in_parent: u64) {
        let node = Node {
            parent,
            index_in_parent,
            entries: 0,
        };
        self.nodes.insert(table, node);
    }

    /// Adds to the entry count of `table`; the new count.
    fn add_entries(&mut self, table: u64, n: i32) -> u32 {
        self.nodes.get_mut(&table).map_or(0, |node| {
            node.entries = node.entries.saturating_add_signed(n);
            node.entries
        })
    }
}

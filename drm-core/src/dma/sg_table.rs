//! Scatter tables (`struct sg_table`): runs of pages, and where a device sees them.

use super::device::DmaDevice;
use crate::errno::{Errno, Result};
use crate::machine::{Fail, Machine};
use crate::memory::Page;
use crate::sync::OnceLock;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::{PAGE_SHIFT, PAGE_SIZE};

/// A run of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Physical or bus address of the first byte.
    pub addr: u64,
    /// Bytes.
    pub len: u64,
}

#[derive(Debug)]
struct Mapping {
    device: DmaDevice,
    /// What the device sees.
    entries: Vec<Entry>,
    /// What was mapped, one for each run.
    mapped: Vec<Entry>,
}

/// Runs of pages in the order of the object, and, once mapped, the runs that a device sees.
///
/// A table holds no page reference: whoever gives the pages back must have dropped the table, or the device writes into
/// memory that is somebody else's by then. Nothing here prevents that; the parts of gem-uma do.
#[derive(Debug)]
pub struct SgTable {
    machine: Machine,
    entries: Vec<Entry>,
    /// Set by the first mapping; a table is mapped at most once in its life.
    mapping: OnceLock<Mapping>,
    unmapped: AtomicBool,
}

impl SgTable {
    /// The runs of `pages`; pages that follow each other in RAM become one, up to `max_segment` bytes
    /// (`sg_alloc_table_from_pages_segment`). `ENOMEM`.
    pub fn from_pages(machine: &Machine, pages: &[Page], max_segment: u64) -> Result<Self> {
        Self::from_addrs(machine, pages.iter().map(Page::phys), max_segment)
    }

    /// The same from the physical addresses of pages.
    pub fn from_addrs(
        machine: &Machine,
        pages: impl Iterator<Item = u64>,
        max_segment: u64,
    ) -> Result<Self> {
        machine.failpoints().check(Fail::Alloc)?;
        let limit = max_segment & !(PAGE_SIZE - 1);
        let mut entries: Vec<Entry> = Vec::new();
        for addr in pages {
            match entries.last_mut() {
                Some(last) if last.addr + last.len == addr && last.len + PAGE_SIZE <= limit => {
                    last.len += PAGE_SIZE
                }
                _ => entries.push(Entry {
                    addr,
                    len: PAGE_SIZE,
                }),
            }
        }
        Ok(Self {
            machine: machine.clone(),
            entries,
            mapping: OnceLock::new(),
            unmapped: AtomicBool::new(false),
        })
    }

    /// Runs in physical addresses.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Runs as the device sees them; empty while the table is not mapped.
    #[must_use]
    pub fn dma_entries(&self) -> &[Entry] {
        self.live().map_or(&[], |mapping| &mapping.entries)
    }

    /// Bytes described.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.entries.iter().map(|entry| entry.len).sum()
    }

    /// Whether it describes no byte.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether it is mapped for a device.
    #[must_use]
    pub fn is_mapped(&self) -> bool {
        self.live().is_some()
    }

    /// The bus address of page `index`; `None` beyond the table or while it is not mapped.
    #[must_use]
    pub fn dma_page(&self, index: u64) -> Option<u64> {
        let mut skip = index << PAGE_SHIFT;
        for entry in self.dma_entries() {
            if skip < entry.len {
                return Some(entry.addr + skip);
            }
            skip -= entry.len;
        }
        None
    }

    /// The physical address of page `index`; `None` beyond the table.
    #[must_use]
    pub fn phys_page(&self, index: u64) -> Option<u64> {
        let mut skip = index << PAGE_SHIFT;
        for entry in &self.entries {
            if skip < entry.len {
                return Some(entry.addr + skip);
            }
            skip -= entry.len;
        }
        None
    }

    fn live(&self) -> Option<&Mapping> {
        self.mapping
            .get()
            .filter(|_| !self.unmapped.load(Ordering::SeqCst))
    }

    /// Maps the table for `device`; for one that does not see the CPU caches this is what writes them back
    /// (`dma_map_sgtable`). `EIO`, or `EBUSY` for a table that was mapped before; a failure leaves it as it was.
    pub fn map(&self, device: &DmaDevice) -> Result {
        if self.mapping.get().is_some() {
            return Err(Errno::EBUSY);
        }
        let mut mapped: Vec<Entry> = Vec::with_capacity(self.entries.len());
        for entry in &self.entries {
            match device.map(entry.addr, entry.len) {
                Ok(addr) => mapped.push(Entry {
                    addr,
                    len: entry.len,
                }),
                Err(error) => {
                    for mapped in mapped {
                        device.unmap(mapped.addr, mapped.len);
                    }
                    return Err(error);
                }
            }
        }
        let entries = if device.config().iommu {
            merged(&mapped, device.max_segment())
        } else {
            mapped.clone()
        };
        self.mapping
            .set(Mapping {
                device: device.clone(),
                entries,
                mapped,
            })
            .map_err(|_| Errno::EBUSY)
    }

    /// Unmaps the table (`dma_unmap_sgtable`); nothing happens to one that never was mapped. Twice is what corrupts a
    /// real kernel, and is recorded as its crash.
    pub fn unmap(&self) {
        let Some(mapping) = self.mapping.get() else {
            return;
        };
        if self.unmapped.swap(true, Ordering::SeqCst) {
            self.machine.oops("dma: scatter table unmapped twice");
            return;
        }
        for entry in &mapping.mapped {
            mapping.device.unmap(entry.addr, entry.len);
        }
    }

    /// Writes back or invalidates the CPU caches over the whole table, for a device that does not see them
    /// (`dma_sync_sgtable_for_device`, `_for_cpu`).
    pub fn sync(&self) {
        if let Some(mapping) = self.live() {
            mapping.device.sync(self.len());
        }
    }
}

/// Runs that an IOMMU put side by side are one for the device, up to its longest segment (`__finalise_sg`).
fn merged(mapped: &[Entry], limit: u64) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::with_capacity(mapped.len());
    for entry in mapped {
        match entries.last_mut() {
            Some(last) if last.addr + last.len == entry.addr && last.len + entry.len <= limit => {
                last.len += entry.len;
            }
            _ => entries.push(*entry),
        }
    }
    entries
}

impl Drop for SgTable {
    fn drop(&mut self) {
        if self.is_mapped() {
            self.machine.warn("dma: scatter table freed while mapped");
            self.unmap();
        }
    }
}

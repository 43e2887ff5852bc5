//! Where table pages live: simulated RAM, seen through [`TableMemory`].
//!
//! Every access a page-table writer makes goes through [`Tables`], so the counters are exact: one
//! [`TableEvent::PteWrite`] for each stored entry (of any level, clears included), one
//! [`TableEvent::TableAlloc`] or [`TableEvent::TableFree`] for each page of a table that comes or
//! goes, one [`TableEvent::Walk`] each time a walk starts at the root.

use drm_core::errno::Result;
use drm_core::sync::Arc;

/// What a page-table writer or walker did, for exact cost counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableEvent {
    /// One table entry stored. The zeroes of a fresh table are not stores.
    PteWrite,
    /// One page of table put in use (a block of eight, as lima's, is eight).
    TableAlloc,
    /// One page of table given back.
    TableFree,
    /// One walk from the root, by the driver's table code or by a device.
    Walk,
}

/// Simulated RAM as a page-table writer needs it. Addresses are physical, in bytes.
///
/// The methods take `&self`: RAM is shared, an access to an aligned entry is atomic, and what orders
/// writers is the lock of the driver that owns the table.
pub trait TableMemory {
    /// A zeroed run of `4096 << order` bytes, aligned to its size or to 2 MiB, what is less.
    ///
    /// # Errors
    /// `ENOMEM` when RAM is short or the allocation was told to fail.
    fn alloc_table(&self, order: u32) -> Result<u64>;

    /// Gives back what [`alloc_table`](Self::alloc_table) returned for the same `order`.
    fn free_table(&self, pa: u64, order: u32);

    /// Reads an aligned 64-bit entry.
    fn read64(&self, pa: u64) -> u64;

    /// Writes an aligned 64-bit entry.
    fn write64(&self, pa: u64, value: u64);

    /// Reads an aligned 32-bit entry.
    fn read32(&self, pa: u64) -> u32;

    /// Writes an aligned 32-bit entry.
    fn write32(&self, pa: u64, value: u32);

    /// `n` more of `event` happened.
    fn count(&self, event: TableEvent, n: u64);

    /// A `WARN_ON` of the kernel's table code was hit; `site` is `file.c:line` in Linux 6.12.117.
    fn warn(&self, site: &'static str);
}

macro_rules! forward_table_memory {
    ($($pointer:ty),+) => {$(
        impl<M: TableMemory + ?Sized> TableMemory for $pointer {
            fn alloc_table(&self, order: u32) -> Result<u64> {
                (**self).alloc_table(order)
            }
            fn free_table(&self, pa: u64, order: u32) {
                (**self).free_table(pa, order);
            }
            fn read64(&self, pa: u64) -> u64 {
                (**self).read64(pa)
            }
            fn write64(&self, pa: u64, value: u64) {
                (**self).write64(pa, value);
            }
            fn read32(&self, pa: u64) -> u32 {
                (**self).read32(pa)
            }
            fn write32(&self, pa: u64, value: u32) {
                (**self).write32(pa, value);
            }
            fn count(&self, event: TableEvent, n: u64) {
                (**self).count(event, n);
            }
            fn warn(&self, site: &'static str) {
                (**self).warn(site);
            }
        }
    )+};
}

forward_table_memory!(&M, Arc<M>);

/// Counted stores and table allocation, for the writers of this module.
pub(super) trait Tables: TableMemory {
    /// Stores one 64-bit entry.
    fn put64(&self, pa: u64, value: u64) {
        self.write64(pa, value);
        self.count(TableEvent::PteWrite, 1);
    }

    /// Stores one 32-bit entry.
    fn put32(&self, pa: u64, value: u32) {
        self.write32(pa, value);
        self.count(TableEvent::PteWrite, 1);
    }

    /// Stores `n` 64-bit entries side by side: `first`, `first + step`, ...
    fn fill64(&self, pa: u64, n: u64, first: u64, step: u64) {
        for i in 0..n {
            self.write64(pa + 8 * i, first.wrapping_add(step * i));
        }
        self.count(TableEvent::PteWrite, n);
    }

    /// Stores `n` 32-bit entries side by side: `first`, `first + step`, ...
    fn fill32(&self, pa: u64, n: u64, first: u32, step: u32) {
        let mut value = first;
        for i in 0..n {
            self.write32(pa + 4 * i, value);
            value = value.wrapping_add(step);
        }
        self.count(TableEvent::PteWrite, n);
    }

    /// Puts a fresh table in use.
    fn new_table(&self, order: u32) -> Result<u64> {
        let pa = self.alloc_table(order)?;
        self.count(TableEvent::TableAlloc, 1 << order);
        Ok(pa)
    }

    /// Takes a table out of use.
    fn drop_table(&self, pa: u64, order: u32) {
        self.free_table(pa, order);
        self.count(TableEvent::TableFree, 1 << order);
    }
}

impl<M: TableMemory + ?Sized> Tables for M {}

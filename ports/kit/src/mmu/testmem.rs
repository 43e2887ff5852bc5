//! RAM for the tests of this module: every table accounted for, any allocation can fail.

use std::collections::BTreeMap;

use drm_core::errno::{Errno, Result};
use drm_core::sync::{Mutex, MutexGuard};

use super::memory::{TableEvent, TableMemory};

const BASE: u64 = 0x1000_0000;

/// Tables by physical address, and what happened to them.
#[derive(Debug, Default)]
pub(super) struct TestMemory(Mutex<Inner>);

#[derive(Debug, Default)]
pub(super) struct Inner {
    /// Bytes of each 4 KiB page in use.
    pages: BTreeMap<u64, Box<[u8]>>,
    /// Order of each live allocation.
    live: BTreeMap<u64, u32>,
    next: u64,
    /// Allocations that still succeed, if limited.
    allowance: Option<u64>,
    pub(super) pte_writes: u64,
    pub(super) allocated: u64,
    pub(super) freed: u64,
    pub(super) walks: u64,
    pub(super) warnings: Vec<&'static str>,
}

impl TestMemory {
    pub(super) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock()
    }

    /// Lets `n` more allocations succeed; the ones after fail.
    pub(super) fn allow(&self, n: u64) {
        self.inner().allowance = Some(n);
    }

    /// Ends the limit of [`allow`](Self::allow).
    pub(super) fn allow_all(&self) {
        self.inner().allowance = None;
    }

    /// Allocations not yet freed.
    pub(super) fn live(&self) -> usize {
        self.inner().live.len()
    }

    /// PTE writes, walks and warnings since the last call.
    pub(super) fn take_costs(&self) -> (u64, u64, Vec<&'static str>) {
        let mut inner = self.inner();
        let costs = (
            inner.pte_writes,
            inner.walks,
            std::mem::take(&mut inner.warnings),
        );
        inner.pte_writes = 0;
        inner.walks = 0;
        costs
    }

    fn bytes<const N: usize>(&self, pa: u64) -> [u8; N] {
        assert_eq!(pa % N as u64, 0, "unaligned read at {pa:#x}");
        let inner = self.inner();
        let page = inner
            .pages
            .get(&(pa & !0xfff))
            .unwrap_or_else(|| panic!("read of free {pa:#x}"));
        let at = (pa & 0xfff) as usize;
        page[at..at + N]
            .try_into()
            .expect("aligned, so within the page")
    }

    fn set_bytes<const N: usize>(&self, pa: u64, value: [u8; N]) {
        assert_eq!(pa % N as u64, 0, "unaligned write at {pa:#x}");
        let mut inner = self.inner();
        let page = inner
            .pages
            .get_mut(&(pa & !0xfff))
            .unwrap_or_else(|| panic!("write to free {pa:#x}"));
        let at = (pa & 0xfff) as usize;
        page[at..at + N].copy_from_slice(&value);
    }
}

impl TableMemory for TestMemory {
    fn alloc_table(&self, order: u32) -> Result<u64> {
        let mut inner = self.inner();
        match &mut inner.allowance {
            Some(0) => return Err(Errno::ENOMEM),
            Some(left) => *left -= 1,
            None => {}
        }
        let bytes = 0x1000 << order;
        let pa = (BASE + inner.next).next_multiple_of(bytes);
        inner.next = pa - BASE + bytes;
        for page in 0..1 << order {
            inner
                .pages
                .insert(pa + 0x1000 * page, vec![0; 0x1000].into());
        }
        inner.live.insert(pa, order);
        Ok(pa)
    }

    fn free_table(&self, pa: u64, order: u32) {
        let mut inner = self.inner();
        assert_eq!(inner.live.remove(&pa), Some(order), "free of {pa:#x}");
        for page in 0..1 << order {
            inner.pages.remove(&(pa + 0x1000 * page));
        }
    }

    fn read64(&self, pa: u64) -> u64 {
        u64::from_le_bytes(self.bytes(pa))
    }

    fn write64(&self, pa: u64, value: u64) {
        self.set_bytes(pa, value.to_le_bytes());
    }

    fn read32(&self, pa: u64) -> u32 {
        u32::from_le_bytes(self.bytes(pa))
    }

    fn write32(&self, pa: u64, value: u32) {
        self.set_bytes(pa, value.to_le_bytes());
    }

    fn count(&self, event: TableEvent, n: u64) {
        let mut inner = self.inner();
        match event {
            TableEvent::PteWrite => inner.pte_writes += n,
            TableEvent::TableAlloc => inner.allocated += n,
            TableEvent::TableFree => inner.freed += n,
            TableEvent::Walk => inner.walks += n,
        }
    }

    fn warn(&self, site: &'static str) {
        self.inner().warnings.push(site);
    }
}

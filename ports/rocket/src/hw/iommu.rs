//! The IOMMU of a core (`rockchip-iommu.c` drives it): one page table at a time, a TLB, and page faults that stall the core.

use std::collections::BTreeMap;

use drm_core::PAGE_SIZE;
use drm_core::sync::{Arc, Mutex};
use port_kit::mmu::rockchip::RockchipFormat;
use port_kit::mmu::{Access, MachineTables, View};

use super::cache::Caches;

/// An access that no page answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageFault {
    /// Device address.
    pub iova: u64,
    /// Whether it was a write.
    pub write: bool,
}

#[derive(Debug, Default)]
struct State {
    /// The directory; `None` while paging is off.
    root: Option<u64>,
    /// Directories since somebody last asked, in the order of being attached.
    history: Vec<u64>,
    tlb: BTreeMap<u64, u64>,
    fault: Option<PageFault>,
}

/// The IOMMU of one core.
#[derive(Debug)]
pub struct Iommu {
    tables: Arc<MachineTables>,
    state: Mutex<State>,
}

impl Iommu {
    pub(super) fn new(tables: &Arc<MachineTables>) -> Self {
        Self {
            tables: Arc::clone(tables),
            state: Mutex::default(),
        }
    }

    /// The directory in use; `None` while paging is off.
    #[must_use]
    pub fn root(&self) -> Option<u64> {
        self.state.lock().root
    }

    /// The directories that were attached since this was last asked, in order.
    pub fn take_history(&self) -> Vec<u64> {
        std::mem::take(&mut self.state.lock().history)
    }

    /// Resets, sets the directory, and turns paging on with an empty TLB (`rk_iommu_enable`).
    pub(crate) fn enable(&self, root: u64) {
        let mut state = self.state.lock();
        state.history.push(root);
        state.root = Some(root);
        state.tlb.clear();
        state.fault = None;
    }

    /// Turns paging off (`rk_iommu_disable`).
    pub(crate) fn disable(&self) {
        let mut state = self.state.lock();
        state.root = None;
        state.tlb.clear();
    }

    /// Drops the translations of `len` bytes at `iova`.
    pub(super) fn zap(&self, iova: u64, len: u64) {
        let mut state = self.state.lock();
        state
            .tlb
            .retain(|page, _| !(iova..iova + len).contains(page));
    }

    /// The fault that is pending, acknowledged (`RK_MMU_CMD_PAGE_FAULT_DONE`); the whole TLB goes, too.
    pub(crate) fn take_fault(&self) -> Option<PageFault> {
        let mut state = self.state.lock();
        state.tlb.clear();
        state.fault.take()
    }

    /// The physical address of `iova`.
    fn translate(&self, iova: u64, write: bool) -> Result<u64, PageFault> {
        let mut state = self.state.lock();
        let page = iova & !(PAGE_SIZE - 1);
        if let Some(pa) = state.tlb.get(&page) {
            return Ok(pa + iova % PAGE_SIZE);
        }
        let access = if write { Access::Write } else { Access::Read };
        let walked = state.root.and_then(|root| {
            let view = View::new(RockchipFormat, &*self.tables, root);
            view.translate(page, access).ok()
        });
        match walked {
            Some((pa, _)) => {
                state.tlb.insert(page, pa);
                Ok(pa + iova % PAGE_SIZE)
            }
            None => {
                let fault = PageFault { iova, write };
                state.fault = Some(fault);
                Err(fault)
            }
        }
    }

    /// The core reads.
    pub(super) fn read(
        &self,
        caches: &Caches,
        iova: u64,
        into: &mut [u8],
    ) -> Result<(), PageFault> {
        let mut at = iova;
        let mut rest = into;
        while !rest.is_empty() {
            let n = rest.len().min((PAGE_SIZE - at % PAGE_SIZE) as usize);
            let (now, later) = rest.split_at_mut(n);
            caches.read(self.translate(at, false)?, now);
            at += n as u64;
            rest = later;
        }
        Ok(())
    }

    /// The core writes.
    pub(super) fn write(&self, caches: &Caches, iova: u64, from: &[u8]) -> Result<(), PageFault> {
        let mut at = iova;
        let mut rest = from;
        while !rest.is_empty() {
            let n = rest.len().min((PAGE_SIZE - at % PAGE_SIZE) as usize);
            let (now, later) = rest.split_at(n);
            caches.write(self.translate(at, true)?, now);
            at += n as u64;
            rest = later;
        }
        Ok(())
    }
}

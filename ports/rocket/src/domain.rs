//! The paging domain of one open file (`struct rocket_iommu_domain`): a Rockchip page table, and the IOMMUs attached to it.

use drm_core::PAGE_SIZE;
use drm_core::dma::Entry;
use drm_core::errno::Result;
use drm_core::machine::Event;
use drm_core::sync::{Arc, Mutex};
use port_kit::mmu::MachineTables;
use port_kit::mmu::rockchip::{PageFlags, RockchipTable};

use crate::hw::Npu;

/// A page table for 32 bits of device addresses. Its tables go when the last reference does.
///
/// Mapping uses physical addresses: the IOMMU of a core is not the device that the DMA API maps for.
pub struct Domain {
    npu: Arc<Npu>,
    table: Mutex<RockchipTable<Arc<MachineTables>>>,
}

impl std::fmt::Debug for Domain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Domain").finish_non_exhaustive()
    }
}

impl Domain {
    /// An empty domain (`iommu_paging_domain_alloc`). `ENOMEM`.
    pub(crate) fn new(npu: &Arc<Npu>) -> Result<Arc<Self>> {
        let table = RockchipTable::new(Arc::clone(npu.tables()))?;
        Ok(Arc::new(Self {
            npu: Arc::clone(npu),
            table: Mutex::new(table),
        }))
    }

    /// Physical address of the directory.
    #[must_use]
    pub fn root(&self) -> u64 {
        self.table.lock().root()
    }

    /// Maps runs of physical memory from `iova` on, for reading and writing (`iommu_map_sgtable`); the bytes mapped.
    ///
    /// `EADDRINUSE` where a page is mapped already, `ENOMEM`; then nothing of this call is mapped. Only the first and the last page
    /// are zapped from TLBs: nothing else of the range can be in one.
    pub(crate) fn map(&self, iova: u64, runs: &[Entry]) -> Result<u64> {
        let flags = PageFlags::READ | PageFlags::WRITE;
        let mapped = self.table.lock().map(iova, runs.iter().copied(), flags)?;
        self.npu.caches().clean(runs);
        if mapped > 0 {
            self.npu.zap(self.root(), iova, PAGE_SIZE);
            self.npu
                .zap(self.root(), iova + mapped - PAGE_SIZE, PAGE_SIZE);
        }
        Ok(mapped)
    }

    /// Unmaps up to `size` bytes from `iova` on, to the first page that is not mapped (`iommu_unmap`); the bytes unmapped. What is
    /// not whole pages is refused with a line in the log, and 0.
    pub(crate) fn unmap(&self, iova: u64, size: u64) -> u64 {
        if !(iova | size).is_multiple_of(PAGE_SIZE) {
            let line = format!("unaligned: iova {iova:#x} size {size:#x} min_pagesz 0x1000");
            let machine = self.npu.machine();
            machine.trace().record(Event::Log(line));
            return 0;
        }
        let mut table = self.table.lock();
        let gone: Vec<u64> = table
            .view()
            .leaves_in(iova, iova + size)
            .map(|leaf| leaf.pa)
            .collect();
        let unmapped = table.unmap(iova, size);
        drop(table);
        self.npu
            .caches()
            .forget(gone.into_iter().take((unmapped / PAGE_SIZE) as usize));
        self.npu.zap(self.root(), iova, unmapped);
        unmapped
    }

    /// The page entry of `iova`, valid or not; `None` without a table for it.
    #[must_use]
    pub fn raw(&self, iova: u64) -> Option<u32> {
        self.table.lock().raw(iova)
    }

    /// Device address and physical address of every page that is mapped.
    #[must_use]
    pub fn pages(&self) -> Vec<(u64, u64)> {
        let table = self.table.lock();
        table
            .view()
            .leaves()
            .map(|leaf| (leaf.va, leaf.pa))
            .collect()
    }
}

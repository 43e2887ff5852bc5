//! Page-table entries for runs of memory: map and unmap, each followed by one flush.

use drm_core::dma::SgTable;
use port_kit::mmu::lpae::Prot;
use port_kit::mmu::pgsize::get_pgsize;

use super::vm::Vm;

impl Vm {
    /// Maps a table's runs from `iova` on (`mmu_map_sg`). Errors of the page-table code are ignored, as in the driver: what
    /// could not be mapped is skipped.
    pub(crate) fn map_sg(&self, iova: u64, prot: Prot, sgt: &SgTable) {
        let mut at = iova;
        {
            let mut table = self.table();
            let mut cursor = table.cursor();
            for run in sgt.dma_entries() {
                let (mut pa, mut len) = (run.addr, run.len);
                while len > 0 {
                    let (pgsize, pgcount) = get_pgsize(at | pa, len);
                    let mapped = cursor.map_pages(at, pa, pgsize, pgcount, prot).unwrap_or(0);
                    let step = mapped.max(pgsize);
                    at += step;
                    pa += step;
                    len = len.saturating_sub(step);
                }
            }
        }
        self.pfdev().flush_range(self, iova, at - iova);
    }

    /// Unmaps `len` bytes from `iova` on (`panfrost_mmu_unmap`). Where there may be holes (`sparse`), one entry at a time, and
    /// only where something is mapped; else an entry that is missing raises a warning.
    pub(crate) fn unmap_range(&self, iova: u64, len: u64, sparse: bool) {
        {
            let mut table = self.table();
            let mut done = 0;
            while done < len {
                let at = iova + done;
                let (pgsize, pgcount) = get_pgsize(at, len - done);
                let pgcount = if sparse { 1 } else { pgcount };
                let mapped = !sparse || table.iova_to_phys(at) != 0;
                if mapped && table.unmap_pages(at, pgsize, pgcount) != pgsize * pgcount {
                    self.pfdev().machine().warn("panfrost_mmu.c:373");
                }
                done += pgsize * pgcount;
            }
        }
        self.pfdev().flush_range(self, iova, len);
    }
}

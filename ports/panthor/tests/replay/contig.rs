//! An exporter whose buffers lie in one piece: the way to large leaves.

use std::sync::Arc;

use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::machine::Machine;
use drm_core::memory::Gfp;
use drm_core::prime::{Attachment, Direction, DmaBuf, DmaBufOps};
use drm_core::resv::{Resv, ResvGuard};
use port_kit::mmu::{MachineTables, TableMemory};

/// A buffer of pages that follow each other.
struct Contig {
    /// The allocator of blocks that are larger than a folio.
    blocks: MachineTables,
    order: u32,
    first: u64,
    pages: u64,
}

impl DmaBufOps for Contig {
    fn map(
        &self,
        attach: &Attachment,
        _guard: &mut ResvGuard,
        _direction: Direction,
    ) -> Result<Arc<SgTable>> {
        let addrs = (0..self.pages).map(|i| self.first + i * drm_core::PAGE_SIZE);
        let table = SgTable::from_addrs(self.blocks.machine(), addrs, u64::MAX)?;
        table.map(attach.device())?;
        Ok(Arc::new(table))
    }
}

impl Drop for Contig {
    fn drop(&mut self) {
        self.blocks.free_table(self.first, self.order);
    }
}

/// A buffer of `pages` pages. `ENOMEM`; `EINVAL` for more than 4 MiB.
pub(super) fn contig(machine: &Machine, pages: u64) -> Result<DmaBuf> {
    if pages == 0 || pages > 1024 {
        return Err(Errno::EINVAL);
    }
    let blocks = MachineTables::new(machine, Gfp::KERNEL);
    let order = pages.next_power_of_two().ilog2();
    let first = blocks.alloc_table(order)?;
    let buffer = Contig {
        blocks,
        order,
        first,
        pages,
    };
    let resv = Resv::new(machine);
    Ok(DmaBuf::new(
        machine,
        pages * drm_core::PAGE_SIZE,
        &resv,
        true,
        Arc::new(buffer),
    ))
}

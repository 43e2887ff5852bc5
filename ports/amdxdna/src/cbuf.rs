//! Carve-out memory (`amdxdna_cbuf.c`): a window of physical memory that was kept back, for machines without an IOMMU.

use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::gem::IosysMap;
use drm_core::machine::{Fail, Machine};
use drm_core::memory::{Folio, Gfp, KernelMap, MAX_ORDER, Page};
use drm_core::mm::{Mm, Node, Placement};
use drm_core::mmap::NewVma;
use drm_core::prime::{Attachment, Direction, DmaBuf, DmaBufOps};
use drm_core::resv::{Resv, ResvGuard};
use drm_core::sync::{Arc, Mutex};
use drm_core::{PAGE_SHIFT, PAGE_SIZE, page_align};

use crate::ubuf::map_pages;

const FOLIO: u64 = PAGE_SIZE << MAX_ORDER;

/// The window.
pub(crate) struct CarveOut {
    machine: Machine,
    base: u64,
    folios: Vec<Arc<Folio>>,
    mm: Mutex<Mm>,
}

impl CarveOut {
    /// Keeps `len` bytes back that lie in one piece, aligned to `align`. `ENOMEM` where there are none.
    pub(crate) fn new(machine: &Machine, len: u64, align: u64) -> Result<Self> {
        let count = (len / FOLIO).max(1) as usize;
        let mut free: Vec<Folio> = Vec::new();
        let first = loop {
            let folio = machine
                .frames()
                .alloc(MAX_ORDER, Gfp::NOWAIT | Gfp::NORETRY)?;
            let at = free.partition_point(|other| other.phys() < folio.phys());
            free.insert(at, folio);
            let first = free.windows(count).position(|run| {
                run[0].phys().is_multiple_of(align)
                    && run[count - 1].phys() == run[0].phys() + (count as u64 - 1) * FOLIO
            });
            if let Some(first) = first {
                break first;
            }
        };
        let folios: Vec<_> = free.drain(first..first + count).map(Arc::new).collect();
        let base = folios[0].phys();
        Ok(Self {
            machine: machine.clone(),
            base,
            folios,
            mm: Mutex::new(Mm::new(base, len)),
        })
    }

    /// First physical address.
    pub(crate) fn base(&self) -> u64 {
        self.base
    }

    /// Bytes that are taken.
    pub(crate) fn used(&self) -> u64 {
        self.mm.lock().nodes().map(|node| node.size).sum()
    }

    fn page(&self, phys: u64) -> Option<Page> {
        let folio = self.folios.get(((phys - self.base) / FOLIO) as usize)?;
        let index = (phys - folio.phys()) >> PAGE_SHIFT;
        Some(Page::of(folio, index as u16))
    }

    /// A buffer in the window, zeroed (`amdxdna_get_cbuf`). `EINVAL` for no bytes; `ENOSPC` when the window is full; `EFAULT` when it
    /// cannot be mapped to be zeroed.
    pub(crate) fn alloc(self: &Arc<Self>, size: u64, align: u64) -> Result<DmaBuf> {
        if size == 0 {
            return Err(Errno::EINVAL);
        }
        let size = page_align(size);
        let placement = Placement {
            align,
            ..Placement::default()
        };
        let node = self.mm.lock().insert_node(size, &placement)?;
        let start = node.start();
        let buf = CarveOutBuf {
            window: Arc::clone(self),
            pages: (0..size >> PAGE_SHIFT)
                .filter_map(|page| self.page(start + (page << PAGE_SHIFT)))
                .collect(),
            node: Some(node),
        };
        if self.machine.failpoints().check(Fail::Vmap).is_err() {
            return Err(Errno::EFAULT);
        }
        self.machine.ram().fill(start, size, 0);
        let resv = Resv::new(&self.machine);
        Ok(DmaBuf::new(&self.machine, size, &resv, true, Arc::new(buf)))
    }
}

/// A piece of the window.
struct CarveOutBuf {
    window: Arc<CarveOut>,
    pages: Vec<Page>,
    node: Option<Node>,
}

impl Drop for CarveOutBuf {
    fn drop(&mut self) {
        if let Some(node) = self.node.take() {
            self.window.mm.lock().remove_node(node);
        }
    }
}

impl DmaBufOps for CarveOutBuf {
    fn exporter(&self) -> &'static str {
        "amdxdna"
    }

    /// One run: `dma_map_resource`.
    fn map(
        &self,
        attach: &Attachment,
        _guard: &mut ResvGuard,
        _direction: Direction,
    ) -> Result<Arc<SgTable>> {
        let table = SgTable::from_pages(&self.window.machine, &self.pages, u64::MAX)?;
        table.map(attach.device())?;
        Ok(Arc::new(table))
    }

    fn vmap(&self, _guard: &mut ResvGuard) -> Result<IosysMap> {
        let machine = &self.window.machine;
        let map = KernelMap::new(machine.ram(), &self.pages)?;
        machine.counters().vmaps.add(1);
        Ok(IosysMap::System(map))
    }

    fn vunmap(&self, _guard: &mut ResvGuard, map: &IosysMap) {
        map.map().unmap();
        self.window.machine.counters().vunmaps.add(1);
    }

    fn mmap(&self, _dma_buf: &DmaBuf, vma: &mut NewVma) -> Result {
        map_pages(vma, &self.pages);
        Ok(())
    }
}

//! The paging domain of the device, for a driver that gives out IOVAs itself (`amdxdna_iommu.c`).

use std::collections::BTreeMap;

use drm_core::dma::Entry;
use drm_core::errno::{Errno, Result};
use drm_core::machine::{Fail, Machine};
use drm_core::mm::{Mm, Mode, Node, Placement};
use drm_core::sync::Mutex;
use drm_core::{PAGE_SIZE, page_align};

/// First address that is not given out: what 32 bits reach.
const END: u64 = 1 << 32;

/// A range of IOVAs that is mapped.
#[derive(Debug)]
pub(crate) struct Iova {
    node: Node,
}

impl Iova {
    /// First address.
    pub(crate) fn start(&self) -> u64 {
        self.node.start()
    }
}

/// A domain: what the device sees at each IOVA.
#[derive(Debug)]
pub struct Domain {
    machine: Machine,
    mm: Mutex<Mm>,
    maps: Mutex<BTreeMap<u64, Vec<Entry>>>,
}

impl Domain {
    pub(crate) fn new(machine: &Machine) -> Self {
        Self {
            machine: machine.clone(),
            mm: Mutex::new(Mm::new(PAGE_SIZE, END - PAGE_SIZE)),
            maps: Mutex::default(),
        }
    }

    /// Takes addresses from the top down and maps `runs` of physical memory there (`iommu_map_sgtable`). `ENOSPC`; `ENXIO` where less
    /// than all of it was mapped, which then is unmapped again.
    pub(crate) fn map(&self, runs: &[Entry], size: u64, align: u64) -> Result<Iova> {
        let placement = Placement {
            align,
            mode: Mode::High,
            ..Placement::default()
        };
        let size = page_align(size);
        let node = self.mm.lock().insert_node(size, &placement)?;
        let has_tables = || self.machine.failpoints().check(Fail::TableAlloc).is_ok();
        let mapped: Vec<Entry> = runs.iter().copied().take_while(|_| has_tables()).collect();
        if mapped.iter().map(|run| run.len).sum::<u64>() < size {
            self.mm.lock().remove_node(node);
            return Err(Errno::ENXIO);
        }
        self.maps.lock().insert(node.start(), mapped);
        Ok(Iova { node })
    }

    /// Unmaps a range and gives its addresses back.
    pub(crate) fn unmap(&self, iova: Iova) {
        self.maps.lock().remove(&iova.start());
        self.mm.lock().remove_node(iova.node);
    }

    /// Ranges that are mapped: first address and bytes.
    #[must_use]
    pub fn ranges(&self) -> Vec<(u64, u64)> {
        let maps = self.maps.lock();
        maps.iter()
            .map(|(start, runs)| (*start, runs.iter().map(|run| run.len).sum()))
            .collect()
    }

    /// The physical address behind an IOVA.
    pub(super) fn translate(&self, iova: u64) -> Option<u64> {
        let maps = self.maps.lock();
        let (start, runs) = maps.range(..=iova).next_back()?;
        let mut skip = iova - start;
        for run in runs {
            if skip < run.len {
                return Some(run.addr + skip);
            }
            skip -= run.len;
        }
        None
    }
}

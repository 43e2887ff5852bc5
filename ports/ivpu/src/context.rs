//! A context of the MMU (`ivpu_mmu_context.c`): page table, allocator of addresses, SSID.

use std::ops::Range;

use drm_core::PAGE_SIZE;
use drm_core::dma::Entry;
use drm_core::errno::{Errno, Result};
use drm_core::machine::Event;
use drm_core::mm::{Mm, Node, NodeInfo, Placement};
use drm_core::sync::{Arc, Mutex};
use port_kit::mmu::MachineTables;
use port_kit::mmu::ivpu::{IvpuTable, ReadOnlyError};
use port_kit::mmu::pgsize::SZ_64K;

use crate::Params;
use crate::hw::Npu;

/// SSID of the kernel and the firmware.
pub const GLOBAL_SSID: u32 = 0;
/// SSID of the firmware's placeholder.
pub const RESERVED_SSID: u32 = 1;

struct Space {
    mm: Mm,
    table: IvpuTable<Arc<MachineTables>>,
}

/// `struct ivpu_mmu_context`. The lock is inside of reservations.
pub struct Context {
    npu: Arc<Npu>,
    ssid: u32,
    params: Params,
    /// `None` once the context is closed: tables freed, allocator taken down.
    space: Mutex<Option<Space>>,
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("ssid", &self.ssid)
            .finish_non_exhaustive()
    }
}

impl Context {
    /// A context over `range`, with a root table and a context descriptor (`ivpu_mmu_context_init`). `ENOMEM`, `ETIMEDOUT`.
    pub(crate) fn new(
        npu: &Arc<Npu>,
        ssid: u32,
        range: Range<u64>,
        params: Params,
    ) -> Result<Arc<Self>> {
        let contiguous = !params.disable_mmu_cont_pages;
        let table = IvpuTable::new(Arc::clone(npu.tables()), contiguous)?;
        npu.mmu().set_descriptor(ssid, Some(table.root()))?;
        Ok(Arc::new(Self {
            npu: Arc::clone(npu),
            ssid,
            params,
            space: Mutex::new(Some(Space {
                mm: Mm::new(range.start, range.end - range.start),
                table,
            })),
        }))
    }

    /// Its number.
    #[must_use]
    pub fn ssid(&self) -> u32 {
        self.ssid
    }

    fn log(&self, line: String) {
        self.npu.machine().trace().record(Event::Log(line));
    }

    /// Takes `size` bytes in `range`, aligned to 64 KiB if that can be had and helps (`ivpu_mmu_context_insert_node`). `ENOSPC`;
    /// `EINVAL` once closed.
    pub(crate) fn insert_node(&self, range: &Range<u64>, size: u64) -> Result<Node> {
        let mut space = self.space.lock();
        let mm = &mut space.as_mut().ok_or(Errno::EINVAL)?.mm;
        let mut insert = |align| {
            let placement = Placement {
                align,
                range: range.clone(),
                ..Placement::default()
            };
            mm.insert_node(size, &placement)
        };
        if !self.params.disable_mmu_cont_pages && size >= SZ_64K {
            insert(SZ_64K).or_else(|_| insert(PAGE_SIZE))
        } else {
            insert(PAGE_SIZE)
        }
    }

    /// `ivpu_mmu_context_remove_node`.
    pub(crate) fn remove_node(&self, node: Node) {
        if let Some(space) = &mut *self.space.lock() {
            space.mm.remove_node(node);
        }
    }

    /// Maps runs of bus addresses (`ivpu_mmu_context_map_sgt`).
    ///
    /// `ENOMEM`: entries that are written stay. `ETIMEDOUT` when the TLB does not answer: all entries stay. `EINVAL` once closed.
    pub(crate) fn map_sgt(&self, vpu_addr: u64, runs: &[Entry], cached: bool) -> Result {
        {
            let mut space = self.space.lock();
            let table = &mut space.as_mut().ok_or(Errno::EINVAL)?.table;
            let coherent = cached || self.params.force_snoop;
            table
                .map(vpu_addr, runs.iter().copied(), coherent)
                .inspect_err(|error| {
                    self.log(format!("Failed to map context pages: {error:?}"));
                })?;
        }
        self.npu
            .mmu()
            .invalidate_tlb(self.ssid)
            .inspect_err(|error| {
                self.log(format!(
                    "Failed to invalidate TLB for ctx {}: {error:?}",
                    self.ssid
                ));
            })
    }

    /// Unmaps runs (`ivpu_mmu_context_unmap_sgt`). What the TLB answers is told in the log alone.
    pub(crate) fn unmap_sgt(&self, vpu_addr: u64, runs: &[Entry]) {
        if let Some(space) = &mut *self.space.lock() {
            let bytes = runs.iter().map(|run| run.len).sum();
            if space.table.unmap(vpu_addr, bytes).is_err() {
                self.npu
                    .machine()
                    .oops("ivpu: unmap of pages that have no table");
            }
        }
        if let Err(error) = self.npu.mmu().invalidate_tlb(self.ssid) {
            self.log(format!(
                "Failed to invalidate TLB for ctx {}: {error:?}",
                self.ssid
            ));
        }
    }

    /// Makes pages read-only (`ivpu_mmu_context_set_pages_ro`). `EINVAL` for what is not whole pages. What the TLB answers is told in
    /// the log alone.
    pub fn set_pages_ro(&self, vpu_addr: u64, size: u64) -> Result {
        let done = match &mut *self.space.lock() {
            Some(space) => space.table.set_read_only(vpu_addr, size),
            None => return Err(Errno::EINVAL),
        };
        match done {
            Ok(()) => {}
            Err(ReadOnlyError::Errno(error)) => return Err(error),
            Err(ReadOnlyError::NullTable(_)) => {
                self.npu
                    .machine()
                    .oops("ivpu: pages without a table made read-only");
                return Err(Errno::EFAULT);
            }
        }
        if let Err(error) = self.npu.mmu().invalidate_tlb(self.ssid) {
            self.log(format!(
                "Failed to invalidate TLB for ctx {}: {error:?}",
                self.ssid
            ));
        }
        Ok(())
    }

    /// Clears the descriptor, frees every table, takes the allocator down (`ivpu_mmu_context_fini`).
    pub(crate) fn fini(&self) {
        if let Err(error) = self.npu.mmu().set_descriptor(self.ssid, None) {
            self.log(format!(
                "Failed to clear CD for ctx {}: {error:?}",
                self.ssid
            ));
        }
        if let Some(space) = self.space.lock().take()
            && !space.mm.is_clean()
        {
            self.npu
                .machine()
                .warn("drm_mm.c: memory manager not clean during takedown");
        }
    }

    /// Whether it is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.space.lock().is_none()
    }

    /// What is taken of its addresses.
    #[must_use]
    pub fn nodes(&self) -> Vec<NodeInfo> {
        let space = self.space.lock();
        space
            .as_ref()
            .map_or_else(Vec::new, |space| space.mm.nodes().collect())
    }

    /// The entry for an address, mapped or not; `None` without a table for it.
    #[must_use]
    pub fn raw(&self, va: u64) -> Option<u64> {
        self.space.lock().as_ref()?.table.raw(va)
    }

    /// Device address, bus address and attributes of every page that is mapped.
    #[must_use]
    pub fn pages(&self) -> Vec<(u64, u64, u64)> {
        let space = self.space.lock();
        let Some(space) = &*space else {
            return Vec::new();
        };
        let leaves = space.table.view().leaves();
        leaves
            .map(|leaf| (leaf.va, leaf.pa, leaf.attributes))
            .collect()
    }
}

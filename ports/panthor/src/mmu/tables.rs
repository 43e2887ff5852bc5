//! The page table of a space: ranges of an object's table written and cleared, and the caches of the device told.

use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::sync::Arc;
use port_kit::mmu::MachineTables;
use port_kit::mmu::lpae::{Lpae, Prot};
use port_kit::mmu::pgsize::get_pgsize;
use port_kit::mmu::prealloc::{PreallocTables, Reservation};

use super::Vm;
use crate::bo::BufferObject;
use crate::uapi::{VM_BIND_OP_MAP_NOEXEC, VM_BIND_OP_MAP_READONLY, VM_BIND_OP_MAP_UNCACHED};

/// Where the pages of page tables come from.
pub type TableMem = Arc<PreallocTables<Arc<MachineTables>>>;
/// A page table.
pub type Table = Lpae<TableMem>;
/// Table pages that one operation may use.
pub(super) type Rsvd = Reservation<Arc<MachineTables>>;

/// What the device may do with a mapping (`flags_to_prot`).
pub(super) fn flags_to_prot(flags: u32) -> Prot {
    let mut prot = Prot::READ;
    prot.set(Prot::NOEXEC, flags & VM_BIND_OP_MAP_NOEXEC != 0);
    prot.set(Prot::CACHE, flags & VM_BIND_OP_MAP_UNCACHED == 0);
    prot.set(Prot::WRITE, flags & VM_BIND_OP_MAP_READONLY == 0);
    prot
}

impl<B: BufferObject> Vm<B> {
    /// Tells the device that a range changed (`panthor_vm_flush_range`), if the space is in a slot and the device is there.
    /// `ETIMEDOUT` when it does not answer.
    pub(super) fn flush_range(&self, iova: u64, size: u64) -> Result {
        if self.dev().is_unplugged() {
            return Ok(());
        }
        self.data().mmu.flush_pt(&self.data().slot, iova, size)
    }

    /// Asks the device to keep away from a range until it is told that it changed, if the space is in a slot and the device is
    /// there. `ETIMEDOUT` when it does not answer.
    pub(super) fn lock_range(&self, iova: u64, size: u64) -> Result {
        if self.dev().is_unplugged() {
            return Ok(());
        }
        self.data().mmu.lock_pt(&self.data().slot, iova, size)
    }

    /// Maps `size` bytes from byte `offset` of an object's table at `iova` (`panthor_vm_map_pages`).
    ///
    /// Errors of the page table, and then nothing is mapped; or of [`Vm::flush_range`], and then all is.
    pub(super) fn map_pages(
        &self,
        table: &mut Table,
        iova: u64,
        prot: Prot,
        sgt: &SgTable,
        mut offset: u64,
        mut size: u64,
    ) -> Result {
        if size == 0 {
            return Ok(());
        }
        let start = iova;
        let mut iova = iova;
        let mut cursor = table.cursor();
        for entry in sgt.dma_entries() {
            if entry.len <= offset {
                offset -= entry.len;
                continue;
            }
            let mut paddr = entry.addr + offset;
            let mut len = (entry.len - offset).min(size);
            size -= len;
            offset = 0;
            while len > 0 {
                let (pgsize, pgcount) = get_pgsize(iova | paddr, len);
                match cursor.map_pages(iova, paddr, pgsize, pgcount, prot) {
                    Ok(mapped) => {
                        iova += mapped;
                        paddr += mapped;
                        len -= mapped;
                    }
                    Err(error) => {
                        if self.unmap_pages(table, start, iova - start).is_err() {
                            self.dev()
                                .machine()
                                .warn("panthor_mmu.c: panthor_vm_map_pages");
                        }
                        return Err(error);
                    }
                }
            }
            if size == 0 {
                break;
            }
        }
        self.flush_range(start, iova - start)
    }

    /// Unmaps `size` bytes at `iova`, all of which must be mapped (`panthor_vm_unmap_pages`).
    ///
    /// `EINVAL`, with a warning, at the first hole: what is before it is unmapped; else errors of [`Vm::flush_range`].
    pub(super) fn unmap_pages(&self, table: &mut Table, iova: u64, size: u64) -> Result {
        let mut cursor = table.cursor();
        let mut offset = 0u64;
        while offset < size {
            let at = iova.wrapping_add(offset);
            let (pgsize, pgcount) = get_pgsize(at, size - offset);
            let unmapped = cursor.unmap_pages(at, pgsize, pgcount);
            if unmapped != pgsize.wrapping_mul(pgcount) {
                self.dev()
                    .machine()
                    .warn("panthor_mmu.c: panthor_vm_unmap_pages");
                let _told = self.flush_range(iova, offset + unmapped);
                return Err(Errno::EINVAL);
            }
            offset += unmapped;
        }
        self.flush_range(iova, size)
    }
}

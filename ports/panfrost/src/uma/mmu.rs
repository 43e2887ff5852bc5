//! Mapping for the GPU, at creation and at a fault (`panfrost_mmu.c`).

use drm_core::PAGE_SHIFT;
use drm_core::errno::{Errno, Result};
use drm_core::memory::Gfp;
use port_kit::mmu::lpae::Prot;
use port_kit::mmu::pgsize::SZ_2M;

use super::mapping::Mapping;
use crate::device::PanfrostDevice;

/// Maps a whole object; this is where its pages are allocated (`panfrost_mmu_map`). Errors of the base class, with a warning.
pub(super) fn map(mapping: &Mapping) -> Result {
    let bo = &mapping.object;
    let machine = bo.gem.machine();
    if mapping.is_active() {
        machine.warn("panfrost_mmu.c:332");
        return Ok(());
    }
    let mut prot = Prot::READ | Prot::WRITE;
    if bo.noexec() {
        prot |= Prot::NOEXEC;
    }
    let sgt = bo
        .dmap
        .lock_table(&bo.backing)
        .inspect_err(|_| machine.warn("panfrost_mmu.c:339"))?;
    mapping.vm.map_sg(mapping.va(), prot, &sgt);
    mapping.set_active(true);
    Ok(())
}

/// Takes an object out of the page table (`panfrost_mmu_unmap`).
pub(super) fn unmap(mapping: &Mapping) {
    if !mapping.is_active() {
        mapping.object.gem.machine().warn("panfrost_mmu.c:359");
        return;
    }
    mapping
        .vm
        .unmap_range(mapping.va(), mapping.len(), mapping.object.is_heap());
    mapping.set_active(false);
}

/// Brings in and maps 2 MiB of a heap (`panfrost_mmu_map_fault_addr`).
///
/// `ENOENT` where nothing is mapped, `EINVAL` for what is no heap; `ENOMEM`, `ENOSPC`, and errors of the DMA mapping, after which the
/// chunk is as it was: the next fault tries again.
pub(super) fn map_fault_addr(pfdev: &PanfrostDevice, as_nr: u32, addr: u64) -> Result {
    let bomapping = pfdev
        .addr_to_mapping(as_nr, addr)
        .and_then(|occupant| occupant.downcast::<Mapping>().ok())
        .ok_or(Errno::ENOENT)?;
    let bo = &bomapping.object;
    if !bo.is_heap() {
        pfdev.machine().warn("panfrost_mmu.c:459");
        pfdev.log(format!(
            "matching BO is not heap type (GPU VA = {:x})",
            bomapping.va()
        ));
        return Err(Errno::EINVAL);
    }
    if bomapping.vm.as_nr() != as_nr as i32 {
        pfdev.machine().warn("panfrost_mmu.c:464");
    }

    let addr = addr & !(SZ_2M - 1);
    let page_offset = (addr >> PAGE_SHIFT) - bomapping.start();

    let (heap, chunks) = bo
        .heap
        .as_ref()
        .zip(bo.chunks.as_ref())
        .ok_or(Errno::EINVAL)?;
    let chunk = heap.granule_of(page_offset);
    let mut guard = bo.gem.resv().lock();
    // Whether this mapping shows the chunk; another file's may, when this one does not.
    if bomapping.has_chunk(chunk) {
        return Ok(());
    }
    let sgt = chunks.table(&mut guard, heap, chunk, Gfp::KERNEL)?;
    bomapping
        .vm
        .map_sg(addr, Prot::WRITE | Prot::READ | Prot::NOEXEC, &sgt);
    bomapping.add_chunk(chunk);
    bomapping.set_active(true);
    Ok(())
}

//! Mapping for the GPU, at creation and at a fault (`panfrost_mmu.c`).

use drm_core::PAGE_SHIFT;
use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::machine::Fail;
use drm_core::memory::Page;
use drm_core::resv::ResvGuard;
use drm_core::sync::Arc;
use drm_core::sync::atomic::Ordering;
use port_kit::mmu::lpae::Prot;
use port_kit::mmu::pgsize::SZ_2M;

use super::gem::PanfrostObject;
use super::mapping::Mapping;
use crate::device::PanfrostDevice;

/// Pages that a fault brings in.
const NUM_FAULT_PAGES: usize = (SZ_2M >> PAGE_SHIFT) as usize;

/// Maps a whole object; this is where its pages are allocated (`panfrost_mmu_map`). Errors of the base class, with a warning.
pub(super) fn map(mapping: &Mapping) -> Result {
    let bo = &mapping.object;
    let machine = bo.base.base.machine();
    if mapping.is_active() {
        machine.warn("panfrost_mmu.c:332");
        return Ok(());
    }
    let mut prot = Prot::READ | Prot::WRITE;
    if bo.noexec() {
        prot |= Prot::NOEXEC;
    }
    let sgt = bo
        .base
        .get_pages_sgt()
        .inspect_err(|_| machine.warn("panfrost_mmu.c:339"))?;
    mapping.vm.map_sg(mapping.va(), prot, &sgt);
    mapping.set_active(true);
    Ok(())
}

/// Takes an object out of the page table (`panfrost_mmu_unmap`).
pub(super) fn unmap(mapping: &Mapping) {
    if !mapping.is_active() {
        mapping
            .object
            .base
            .base
            .machine()
            .warn("panfrost_mmu.c:359");
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
/// pages that were read stay: the next fault then takes them for mapped.
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
    let page_offset = ((addr >> PAGE_SHIFT) - bomapping.start()) as usize;

    let mut guard = bo.base.base.resv().lock();
    if bo.base.locked(&mut guard).pages.is_none() {
        install_pages(bo, &mut guard)?;
    } else if has_page(bo, &mut guard, page_offset) {
        // Mapped already, it seems.
        return Ok(());
    }
    read_pages(bo, &mut guard, page_offset)?;
    let sgt = make_table(pfdev, bo, &mut guard, page_offset)?;
    bomapping
        .vm
        .map_sg(addr, Prot::WRITE | Prot::READ | Prot::NOEXEC, &sgt);
    if let Some(slot) = bo
        .sgts
        .get_mut(&mut guard)
        .as_mut()
        .and_then(|sgts| sgts.get_mut(page_offset / NUM_FAULT_PAGES))
    {
        *slot = Some(sgt);
    }
    bomapping.set_active(true);
    bo.heap_rss_size.fetch_add(SZ_2M, Ordering::Relaxed);
    Ok(())
}

/// The first fault: the driver makes the helper's page array itself, empty, and counts itself as its user, so that freeing the object
/// puts the pages.
fn install_pages(bo: &PanfrostObject, guard: &mut ResvGuard) -> Result {
    let machine = bo.base.base.machine();
    machine.failpoints().check(Fail::Alloc)?;
    let chunks = bo.base.base.size() / SZ_2M;
    *bo.sgts.get_mut(guard) = Some((0..chunks).map(|_| None).collect());
    if let Err(error) = machine.failpoints().check(Fail::Alloc) {
        *bo.sgts.get_mut(guard) = None;
        return Err(error);
    }
    let pages: Vec<Option<Page>> = vec![None; bo.base.base.pages() as usize];
    bo.base.locked(guard).pages = Some(pages);
    bo.base.locked(guard).pages_use_count = 1;
    Ok(())
}

/// Whether the page at `index` is there.
fn has_page(bo: &PanfrostObject, guard: &mut ResvGuard, index: usize) -> bool {
    match &bo.base.locked(guard).pages {
        Some(pages) => pages.get(index).is_some_and(Option::is_some),
        None => false,
    }
}

/// Reads the pages of a chunk one by one, but for those that an attempt before left behind.
fn read_pages(bo: &PanfrostObject, guard: &mut ResvGuard, first: usize) -> Result {
    let filp = Arc::clone(bo.base.base.filp().ok_or(Errno::EINVAL)?);
    filp.set_unevictable(true);
    for i in first..first + NUM_FAULT_PAGES {
        if has_page(bo, guard, i) {
            continue;
        }
        let page = filp.read_page(i as u64)?;
        if let Some(pages) = &mut bo.base.locked(guard).pages {
            pages[i] = Some(page);
        }
    }
    Ok(())
}

/// The table of a chunk, mapped for DMA.
fn make_table(
    pfdev: &PanfrostDevice,
    bo: &PanfrostObject,
    guard: &mut ResvGuard,
    first: usize,
) -> Result<SgTable> {
    let addrs: Vec<u64> = match &bo.base.locked(guard).pages {
        Some(pages) => pages[first..first + NUM_FAULT_PAGES]
            .iter()
            .flatten()
            .map(Page::phys)
            .collect(),
        None => Vec::new(),
    };
    let sgt = SgTable::from_addrs(pfdev.machine(), addrs.into_iter(), SZ_2M)?;
    sgt.map(pfdev.dma())?;
    Ok(sgt)
}

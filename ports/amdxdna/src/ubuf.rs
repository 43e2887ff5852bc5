//! User memory as a buffer (`amdxdna_ubuf.c`): pinned pages of the calling process behind a dma-buf that nobody else ever has.

use bytemuck::{Pod, bytes_of_mut};
use drm_core::device::Device;
use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::gem::IosysMap;
use drm_core::machine::Machine;
use drm_core::memory::{KernelMap, Page};
use drm_core::mmap::{NewVma, VmFlags};
use drm_core::prime::{Attachment, Direction, DmaBuf, DmaBufOps};
use drm_core::resv::{Resv, ResvGuard};
use drm_core::sync::Arc;
use drm_core::{PAGE_SHIFT, PAGE_SIZE};

use crate::task::{Pinned, Task};
use crate::uapi::{VaEntry, VaTable};

/// `struct amdxdna_ubuf_priv`: the pages, and whom they are counted for.
struct UserBuf {
    machine: Machine,
    pages: Vec<Page>,
    pinned: Arc<Pinned>,
}

impl Drop for UserBuf {
    /// `amdxdna_ubuf_release`: nobody marks the pages dirty.
    fn drop(&mut self) {
        self.pinned.uncharge(self.pages.len() as u64);
    }
}

/// Maps pages for a process that mapped the buffer, as its touches would, one by one.
pub(super) fn map_pages(vma: &mut NewVma, pages: &[Page]) {
    vma.set_flags(VmFlags::PFNMAP | VmFlags::DONTEXPAND);
    let first = vma.pgoff() as usize;
    for (page, index) in pages.iter().skip(first).zip(0..vma.pages()) {
        vma.map_page(index, page.phys());
    }
}

impl DmaBufOps for UserBuf {
    fn exporter(&self) -> &'static str {
        "amdxdna"
    }

    fn map(
        &self,
        attach: &Attachment,
        _guard: &mut ResvGuard,
        _direction: Direction,
    ) -> Result<Arc<SgTable>> {
        let device = attach.device();
        let table = SgTable::from_pages(&self.machine, &self.pages, device.max_segment())?;
        table.map(device)?;
        Ok(Arc::new(table))
    }

    fn vmap(&self, _guard: &mut ResvGuard) -> Result<IosysMap> {
        let map = KernelMap::new(self.machine.ram(), &self.pages)?;
        self.machine.counters().vmaps.add(1);
        Ok(IosysMap::System(map))
    }

    fn vunmap(&self, _guard: &mut ResvGuard, map: &IosysMap) {
        map.map().unmap();
        self.machine.counters().vunmaps.add(1);
    }

    fn mmap(&self, _dma_buf: &DmaBuf, vma: &mut NewVma) -> Result {
        map_pages(vma, &self.pages);
        Ok(())
    }
}

/// What a table of user ranges stands for.
pub(crate) enum Table {
    /// A buffer that somebody else exported.
    Foreign(DmaBuf),
    /// Ranges of the process.
    Ranges(Vec<VaEntry>),
}

/// Reads the table that CREATE_BO points to. `EINVAL` when it cannot be read, `EBADF` for a descriptor that is not open.
pub(crate) fn read_table(machine: &Machine, task: &Task, at: u64) -> Result<Table> {
    let head: VaTable = read(machine, at).ok_or(Errno::EINVAL)?;
    if head.num_entries == 0 {
        return Ok(Table::Foreign(task.dma_buf(head.dmabuf_fd)?));
    }
    let entry = |index: u32| {
        let offset = size_of::<VaTable>() as u64 + u64::from(index) * size_of::<VaEntry>() as u64;
        read(machine, at.wrapping_add(offset)).ok_or(Errno::EINVAL)
    };
    let entries: Result<Vec<VaEntry>> = (0..head.num_entries).map(entry).collect();
    Ok(Table::Ranges(entries?))
}

fn read<T: Pod>(machine: &Machine, at: u64) -> Option<T> {
    let mut value = T::zeroed();
    machine.user().read(at, bytes_of_mut(&mut value)).ok()?;
    Some(value)
}

/// Pins ranges of the process (`amdxdna_get_ubuf`).
///
/// `EPERM` for a process that may pin nothing; `EINVAL` for a range that is not whole pages, none, or more than any size; `ENOMEM` beyond what it may pin,
/// and where memory is not there. A failure unpins what was pinned.
pub(crate) fn pin(dev: &Device, task: &Task, ranges: &[VaEntry]) -> Result<DmaBuf> {
    if !task.can_do_mlock() {
        return Err(Errno::EPERM);
    }
    let mut size = 0u64;
    for range in ranges {
        if !range.vaddr.is_multiple_of(PAGE_SIZE) || !range.len.is_multiple_of(PAGE_SIZE) {
            return Err(Errno::EINVAL);
        }
        size = size.checked_add(range.len).ok_or(Errno::EINVAL)?;
    }
    let count = size >> PAGE_SHIFT;
    if count == 0 {
        return Err(Errno::EINVAL);
    }
    task.pinned().charge(count)?;
    let machine = dev.machine();
    let mut pages: Vec<Page> = Vec::new();
    for range in ranges {
        let wanted = range.len >> PAGE_SHIFT;
        match task.process().pin_user_pages(range.vaddr, wanted) {
            Ok(more) if more.len() as u64 == wanted => pages.extend(more),
            _ => {
                task.pinned().uncharge(count);
                return Err(Errno::ENOMEM);
            }
        }
    }
    let ops = UserBuf {
        machine: machine.clone(),
        pages,
        pinned: Arc::clone(task.pinned()),
    };
    let resv = Resv::new(machine);
    Ok(DmaBuf::new(machine, size, &resv, true, Arc::new(ops)))
}

//! The mappings of processes: `mmap`, its copies, its end, and the touch of a page that is not mapped.

use drm_core::errno::{Errno, Result};
use drm_core::gem::{Fault, FaultContext};
use drm_core::mmap::{NewVma, VmFlags, Vma};
use drm_core::resv::ResvGuard;
use drm_core::sync::atomic::Ordering;

use super::{CpuMap, Entries, Populate};
use crate::backing::{Backing, User};
use crate::device_map::DeviceMap;
use crate::reclaim::Reclaim;

impl CpuMap {
    /// Maps the object for a process (in the place of `drm_gem_shmem_mmap`). No reservation is held.
    ///
    /// An import is mapped by its exporter. `EINVAL` for a mapping that copies on write; what the options refuse with;
    /// errors of the pages, if they come now, and of the page table, if they are inserted now: nothing is mapped then, and nobody keeps
    /// the pages.
    pub fn mmap<'d>(
        &self,
        vma: &mut NewVma,
        backing: &Backing,
        device: impl Into<Option<&'d DeviceMap>>,
    ) -> Result {
        self.options.user?;
        if let Some(import) = backing.import() {
            vma.set_object(None);
            import.dma_buf().mmap(vma, 0)?;
            if self.options.entries == Entries::StructPage {
                vma.populate();
            }
            return Ok(());
        }
        if vma.is_copy_on_write() {
            return Err(Errno::EINVAL);
        }
        let mut guard = self.slot.get().lock();
        if self.options.populate == Populate::AtMmap {
            backing.add_user(&mut guard, User::Vma)?;
            self.prepare(&mut guard, backing, device.into())
                .inspect_err(|_| backing.drop_user(&mut guard, User::Vma))?;
        }
        vma.set_flags(VmFlags::PFNMAP | VmFlags::DONTEXPAND | VmFlags::DONTDUMP);
        if self.options.entries == Entries::StructPage {
            self.insert_all(vma, backing, &guard)
                .inspect_err(|_| backing.drop_user(&mut guard, User::Vma))?;
        }
        self.add_vma();
        if self.is_write_combined() {
            vma.set_flags(VmFlags::WRITE_COMBINE);
        }
        Ok(())
    }

    /// Makes it a mapping of pages, and inserts them.
    fn insert_all(&self, vma: &mut NewVma, backing: &Backing, guard: &ResvGuard) -> Result {
        let pages = backing.pages(guard).ok_or(Errno::EINVAL)?;
        vma.change_flags(VmFlags::MIXEDMAP, VmFlags::PFNMAP);
        vma.insert_pages(&self.machine, pages.iter())
    }

    /// A copy of a mapping is one more (`vm_ops->open`). It is only made while there is one, so its pages are there.
    pub fn vm_open(&self, backing: &Backing) {
        let mut guard = self.slot.get().lock();
        if self.options.populate == Populate::AtMmap
            && backing.add_user(&mut guard, User::Vma).is_err()
        {
            self.machine
                .warn_once("gem-uma: mapping opened without pages");
        }
        self.add_vma();
    }

    /// One mapping more. The reservation is held.
    fn add_vma(&self) {
        if self.vmas.fetch_add(1, Ordering::SeqCst) == 0
            && let Some(tracker) = &self.tracker
        {
            tracker.mmapped(true);
        }
    }

    /// A mapping less (`vm_ops->close`).
    pub fn vm_close(&self, backing: &Backing) {
        let mut guard = self.slot.get().lock();
        if self.vmas.fetch_sub(1, Ordering::SeqCst) == 1
            && let Some(tracker) = &self.tracker
        {
            tracker.mmapped(false);
        }
        if self.options.populate == Populate::AtMmap {
            backing.drop_user(&mut guard, User::Vma);
        }
    }

    /// A process touches a page that is not mapped (`vm_ops->fault`): the page is counted from the start of the mapping.
    ///
    /// `SIGBUS` beyond the object, for a purged object, and when the pages cannot be got. With pages on first touch, the
    /// lock is tried first; a handler that may, gets the pages and asks for the fault again.
    pub fn fault<'d, 'r>(
        &self,
        vma: &Vma,
        fault: FaultContext,
        backing: &Backing,
        device: impl Into<Option<&'d DeviceMap>>,
        reclaim: impl Into<Option<&'r Reclaim>>,
    ) -> Fault {
        if fault.order != 0 && !self.options.huge {
            return Fault::Fallback;
        }
        let (device, reclaim) = (device.into(), reclaim.into());
        if self.options.populate == Populate::AtMmap {
            let guard = self.slot.get().lock();
            return self.insert(vma, fault, backing, reclaim, &guard);
        }
        if fault.index >= backing.page_count() {
            return Fault::SigBus;
        }
        let tried = self.slot.get().try_lock();
        if let Some(guard) = &tried
            && (backing.pages(guard).is_some() || reclaim.is_some_and(Reclaim::is_purged))
        {
            return self.insert(vma, fault, backing, reclaim, guard);
        }
        if fault.allow_retry && fault.nowait {
            return Fault::Retry;
        }
        let mut guard = tried.unwrap_or_else(|| self.slot.get().lock());
        if reclaim.is_some_and(Reclaim::is_purged) {
            return Fault::SigBus;
        }
        let filled = !backing.is_resident();
        let populated = backing.populate(&mut guard).map(drop).and_then(|()| {
            self.prepare(&mut guard, backing, device).inspect_err(|_| {
                if filled {
                    backing.undo_fill(&mut guard);
                }
            })
        });
        match populated {
            Err(_) => Fault::SigBus,
            Ok(()) if fault.allow_retry => Fault::Retry,
            Ok(()) => self.insert(vma, fault, backing, reclaim, &guard),
        }
    }

    fn insert(
        &self,
        vma: &Vma,
        fault: FaultContext,
        backing: &Backing,
        reclaim: Option<&Reclaim>,
        guard: &ResvGuard,
    ) -> Fault {
        if fault.index >= backing.page_count() || reclaim.is_some_and(Reclaim::is_purged) {
            return Fault::SigBus;
        }
        let Some(pages) = backing.pages(guard) else {
            self.machine.warn_once("gem-uma: fault without pages");
            return Fault::SigBus;
        };
        let Some(phys) = pages.phys(fault.index) else {
            return Fault::SigBus;
        };
        if fault.order == 0 {
            match self.options.entries {
                Entries::Pfn => vma.insert_pfn(fault.index, phys),
                Entries::StructPage => vma.insert_page(fault.index, phys),
            }
            return Fault::NoPage;
        }
        let whole = pages.folio_bytes(fault.index) >= Some(drm_core::PAGE_SIZE << fault.order);
        if whole && vma.insert_pmd(fault.index, phys) {
            Fault::NoPage
        } else {
            Fault::Fallback
        }
    }
}

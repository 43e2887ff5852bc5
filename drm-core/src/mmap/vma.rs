//! One mapping of a process (`struct vm_area_struct`).

use std::collections::BTreeMap;

use super::notifier::Notifiers;
use super::process::{Prot, Sharing};
use crate::device::File;
use crate::errno::Result;
use crate::gem::Gem;
use crate::machine::{Fail, Machine};
use crate::memory::Page;
use crate::prime::DmaBuf;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Arc, Mutex};
use crate::{PAGE_SHIFT, PAGE_SIZE};

bitflags::bitflags! {
    /// Flags that a driver sets on a mapping (`vm_flags`).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct VmFlags: u32 {
        /// Pages without `struct page` bookkeeping.
        const PFNMAP = 1;
        /// `mremap` may not grow it.
        const DONTEXPAND = 1 << 1;
        /// Left out of core dumps.
        const DONTDUMP = 1 << 2;
        /// Memory of a device.
        const IO = 1 << 3;
        /// Write-combined instead of cached.
        const WRITE_COMBINE = 1 << 4;
        /// Pages with `struct page` bookkeeping among others without.
        const MIXEDMAP = 1 << 5;
    }
}

/// The file that a mapping keeps open.
#[derive(Clone, Debug)]
pub enum VmaFile {
    /// The DRM file it was made through.
    Drm(File),
    /// The dma-buf that took over.
    DmaBuf(DmaBuf),
    /// None: memory of the process alone, by page.
    Anonymous(Arc<[Page]>),
}

impl VmaFile {
    /// Whether it was opened for writing.
    fn is_writable(&self) -> bool {
        match self {
            Self::Drm(file) => file.is_writable(),
            Self::DmaBuf(dma_buf) => dma_buf.is_writable(),
            Self::Anonymous(_) => true,
        }
    }
}

/// A mapping while it is being made: the object's `mmap` fills it in.
#[derive(Debug)]
pub struct NewVma {
    pub(super) start: u64,
    pub(super) pages: u64,
    pub(super) pgoff: u64,
    pub(super) prot: Prot,
    pub(super) sharing: Sharing,
    pub(super) flags: VmFlags,
    pub(super) file: VmaFile,
    pub(super) object: Option<Gem>,
    /// Pages that are mapped from the start.
    pub(super) ptes: BTreeMap<u64, Pte>,
    pub(super) notifiers: Notifiers,
    /// Whether every page is touched as soon as the mapping is made.
    pub(super) populate: bool,
}

impl NewVma {
    /// First address (`vm_start`).
    #[must_use]
    pub fn start(&self) -> u64 {
        self.start
    }

    /// Who watches the address space that it is made in (`vm_mm`).
    #[must_use]
    pub fn notifiers(&self) -> &Notifiers {
        &self.notifiers
    }

    /// Pages mapped.
    #[must_use]
    pub fn pages(&self) -> u64 {
        self.pages
    }

    /// First page of the file (or the device's offset space) that is mapped.
    #[must_use]
    pub fn pgoff(&self) -> u64 {
        self.pgoff
    }

    /// Whether writes would go to private copies (`is_cow_mapping`): private, and may be made writable.
    ///
    /// A file opened for reading and writing lets every mapping become writable by `mprotect`.
    #[must_use]
    pub fn is_copy_on_write(&self) -> bool {
        self.sharing == Sharing::Private && self.may_write()
    }

    fn may_write(&self) -> bool {
        self.sharing == Sharing::Private || self.file.is_writable()
    }

    /// Adds flags (`vm_flags_set`).
    pub fn set_flags(&mut self, flags: VmFlags) {
        self.flags |= flags;
    }

    /// Adds some flags and takes others away (`vm_flags_mod`).
    pub fn change_flags(&mut self, set: VmFlags, clear: VmFlags) {
        self.flags = (self.flags | set) - clear;
    }

    /// The flags set so far.
    #[must_use]
    pub fn flags(&self) -> VmFlags {
        self.flags
    }

    /// The object whose operations serve the mapping (`vm_private_data`, `vm_ops`); the mapping holds a reference.
    pub fn set_object(&mut self, object: Option<Gem>) {
        self.object = object;
    }

    /// The object set so far.
    #[must_use]
    pub fn object(&self) -> Option<&Gem> {
        self.object.as_ref()
    }

    /// Swaps the file for a dma-buf (`vma_set_file`).
    pub fn set_dma_buf(&mut self, dma_buf: &DmaBuf, pgoff: u64) {
        self.file = VmaFile::DmaBuf(dma_buf.clone());
        self.pgoff = pgoff;
    }

    /// Whether writes are asked for (`VM_WRITE`).
    #[must_use]
    pub fn prot(&self) -> Prot {
        self.prot
    }

    /// Whether other processes see the writes (`VM_SHARED`).
    #[must_use]
    pub fn sharing(&self) -> Sharing {
        self.sharing
    }

    /// Maps page `index` of the mapping to physical address `phys` from the start (`io_remap_pfn_range`): registers of a
    /// device, which no object stands for.
    pub fn map_page(&mut self, index: u64, phys: u64) {
        let writable = self.prot.writes() && self.sharing == Sharing::Shared;
        self.ptes.insert(index, Pte { phys, writable });
    }

    /// Maps pages with bookkeeping from the start, as many as the mapping has room for (`vm_insert_pages`, `VM_MIXEDMAP`); their
    /// physical addresses in order. `ENOMEM` without memory for the page table: nothing is mapped then.
    pub fn insert_pages(
        &mut self,
        machine: &Machine,
        pages: impl IntoIterator<Item = u64>,
    ) -> Result {
        machine.failpoints().check(Fail::TableAlloc)?;
        for (phys, index) in pages.into_iter().zip(0..self.pages) {
            self.map_page(index, phys);
        }
        Ok(())
    }

    /// Every page is touched for writing as soon as the mapping is made (`handle_mm_fault` for each); if one cannot be, there is no
    /// mapping.
    pub fn populate(&mut self) {
        self.populate = true;
    }

    /// Moves the mapping by `pages` pages in the device's offset space.
    pub fn shift(&mut self, pages: u64) {
        self.pgoff += pages;
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pte {
    pub(super) phys: u64,
    pub(super) writable: bool,
}

/// A mapping. Its page table is data: page of the VMA to physical address.
#[derive(Debug)]
pub struct Vma {
    start: u64,
    pages: u64,
    pgoff: u64,
    prot: Prot,
    sharing: Sharing,
    flags: VmFlags,
    file: VmaFile,
    object: Option<Gem>,
    ptes: Mutex<BTreeMap<u64, Pte>>,
    /// The kernel found it broken: whoever touches it dies.
    broken: AtomicBool,
}

impl Vma {
    pub(super) fn new(new: NewVma) -> Arc<Self> {
        Arc::new(Self {
            start: new.start,
            pages: new.pages,
            pgoff: new.pgoff,
            prot: new.prot,
            sharing: new.sharing,
            flags: new.flags,
            file: new.file,
            object: new.object,
            ptes: Mutex::new(new.ptes),
            broken: AtomicBool::new(false),
        })
    }

    /// A copy of pages `from..to` of this mapping, with their entries, as `fork` and a split make it.
    pub(super) fn copy(&self, from: u64, to: u64, prot: Prot) -> Arc<Self> {
        self.copy_with(self.start + (from << PAGE_SHIFT), from, to, prot)
    }

    /// A copy of pages `from..to` of this mapping at another address, with their entries, as `mremap` makes it.
    pub(super) fn copy_to(&self, start: u64, from: u64, to: u64) -> Arc<Self> {
        self.copy_with(start, from, to, self.prot)
    }

    fn copy_with(&self, start: u64, from: u64, to: u64, prot: Prot) -> Arc<Self> {
        // A shared mapping that may be written again is writable at once: nobody asked to be told (`vma_wants_writenotify`).
        let is_shared = self.sharing == Sharing::Shared;
        let entry = |(&index, &pte): (&u64, &Pte)| {
            let writable = prot.writes() && (is_shared || pte.writable);
            (index - from, Pte { writable, ..pte })
        };
        let ptes = self.ptes.lock().range(from..to).map(entry).collect();
        Arc::new(Self {
            start,
            pages: to - from,
            pgoff: self.pgoff + from,
            prot,
            sharing: self.sharing,
            flags: self.flags,
            file: self.file.clone(),
            object: self.object.clone(),
            ptes: Mutex::new(ptes),
            broken: AtomicBool::new(false),
        })
    }

    /// First address.
    #[must_use]
    pub fn start(&self) -> u64 {
        self.start
    }

    /// Pages.
    #[must_use]
    pub fn pages(&self) -> u64 {
        self.pages
    }

    /// First page in the device's offset space, or of the file.
    #[must_use]
    pub fn pgoff(&self) -> u64 {
        self.pgoff
    }

    /// Address after the last.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.start + (self.pages << PAGE_SHIFT)
    }

    /// Flags that the driver set.
    #[must_use]
    pub fn flags(&self) -> VmFlags {
        self.flags
    }

    /// What may be done with it.
    #[must_use]
    pub fn prot(&self) -> Prot {
        self.prot
    }

    /// Whether `mprotect` may make it writable (`VM_MAYWRITE`).
    #[must_use]
    pub fn may_write(&self) -> bool {
        self.sharing == Sharing::Private || self.file.is_writable()
    }

    /// The file that it keeps open.
    #[must_use]
    pub fn file(&self) -> &VmaFile {
        &self.file
    }

    /// The object behind it.
    #[must_use]
    pub fn object(&self) -> Option<&Gem> {
        self.object.as_ref()
    }

    /// Pages that have an entry.
    #[must_use]
    pub fn mapped_pages(&self) -> usize {
        self.ptes.lock().len()
    }

    /// Maps page `index` of the mapping to physical address `phys` (`vmf_insert_pfn`). A shared writable mapping is writable
    /// at once.
    ///
    /// In a mapping of pages with bookkeeping ([`VmFlags::MIXEDMAP`]) that is what the kernel stops at (`BUG_ON`): RAM has it.
    pub fn insert_pfn(&self, index: u64, phys: u64) {
        if self.flags.contains(VmFlags::MIXEDMAP) {
            if !self.broken.swap(true, Ordering::SeqCst)
                && let Some(object) = &self.object
            {
                let machine = object.gem().machine();
                machine.oops("mm: a bare address of RAM is put into a mapping of pages");
            }
            return;
        }
        self.insert_page(index, phys);
    }

    /// Whether the kernel found the mapping broken.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::SeqCst)
    }

    /// Maps page `index` of the mapping to the page at `phys`, with its bookkeeping (`vmf_insert_page`).
    pub fn insert_page(&self, index: u64, phys: u64) {
        let writable = self.prot.writes() && self.sharing == Sharing::Shared;
        self.ptes.lock().insert(index, Pte { phys, writable });
    }

    /// Maps the 512 pages around `index` at once (`vmf_insert_pfn_pmd`): `phys` is the page of `index`, and both must lie
    /// at the same place of a 2 MiB unit. `false` when they do not, or when the mapping does not cover the unit.
    #[must_use]
    pub fn insert_pmd(&self, index: u64, phys: u64) -> bool {
        const PAGES: u64 = 512;
        let in_unit = ((self.start >> PAGE_SHIFT) + index) & (PAGES - 1);
        let Some(first) = index.checked_sub(in_unit) else {
            return false;
        };
        if (phys >> PAGE_SHIFT) & (PAGES - 1) != in_unit || first + PAGES > self.pages {
            return false;
        }
        for i in 0..PAGES {
            self.insert_pfn(first + i, phys - in_unit * PAGE_SIZE + i * PAGE_SIZE);
        }
        true
    }

    /// Runs `access` with the physical address behind page `index`, if its entry allows it. The entry stays meanwhile: whoever
    /// zaps it waits, as an invalidation of the TLB does for accesses under way.
    pub(super) fn with_pte<R>(
        &self,
        index: u64,
        write: bool,
        access: impl FnOnce(u64) -> R,
    ) -> Option<R> {
        let ptes = self.ptes.lock();
        let pte = ptes.get(&index).filter(|pte| pte.writable || !write)?;
        Some(access(pte.phys))
    }

    /// Clears the entries of pages `from..to`; returns how many there were.
    pub(super) fn zap(&self, from: u64, to: u64) -> u64 {
        let mut ptes = self.ptes.lock();
        let before = ptes.len();
        ptes.retain(|index, _| !(from..to).contains(index));
        (before - ptes.len()) as u64
    }
}

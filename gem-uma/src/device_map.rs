//! The scatter table of the whole object, mapped for the device.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use atomic_refcell::AtomicRef;
use drm_core::dma::{DmaDevice, Entry, SgTable};
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gone;
use drm_core::machine::Machine;
use drm_core::resv::{LockedBy, ResvGuard, ResvSlot};
use drm_core::sync::Arc;
use drm_core::sync::atomic::{AtomicBool, Ordering};

use crate::backing::{Backing, Pin, User};
use crate::new::New;
use crate::part::Part;

/// The table through which the device sees the whole object.
///
/// Having a `DeviceMap` tells you that the object can be mapped for the device; not that it is. For a device that does not
/// see the CPU caches, mapping is what writes them back.
///
/// # Invariants
///
/// A table of native pages exists only while those pages do: the map is a user of the backing, and goes first. An import's
/// table belongs to the import, and is never unmapped or freed here.
pub struct DeviceMap {
    machine: Machine,
    dma: DmaDevice,
    slot: ResvSlot,
    table: LockedBy<Option<Arc<SgTable>>>,
    mapped: AtomicBool,
}

impl fmt::Debug for DeviceMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceMap")
            .field("mapped", &self.is_mapped())
            .finish_non_exhaustive()
    }
}

/// The object's table, lent for as long as a guard lives.
///
/// Holding it tells you that the table is mapped and stays; not that it does after the guard is dropped.
pub type Table<'g> = AtomicRef<'g, SgTable>;

/// The object's table, and its reservation, locked.
///
/// Holding it tells you that the table is mapped and nobody takes it away. Dropping it unlocks.
#[derive(Debug)]
#[must_use = "the reservation is unlocked when this is dropped"]
pub struct MappedTable<'a> {
    table: Arc<SgTable>,
    guard: ResvGuard,
    /// It must not outlive the map.
    of: PhantomData<&'a DeviceMap>,
}

impl MappedTable<'_> {
    /// The lock, for what else is to be done under it.
    pub fn guard(&mut self) -> &mut ResvGuard {
        &mut self.guard
    }
}

impl Deref for MappedTable<'_> {
    type Target = SgTable;
    fn deref(&self) -> &SgTable {
        &self.table
    }
}

/// The object's table, and a pin that keeps it.
///
/// Holding it tells you that the table stays mapped without any lock held; it goes back to [`DeviceMap::unpin_table`].
#[derive(Debug)]
#[must_use = "give it back with `DeviceMap::unpin_table`, or the pages stay pinned for ever"]
pub struct PinnedTable {
    table: Arc<SgTable>,
    pin: Option<Pin>,
}

impl Deref for PinnedTable {
    type Target = SgTable;
    fn deref(&self) -> &SgTable {
        &self.table
    }
}

/// The runs of a table as they were at one moment.
///
/// Holding it tells you where the object was; not that it still is there, nor that it is mapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runs {
    entries: Vec<Entry>,
    dma: Vec<Entry>,
}

impl Runs {
    /// Runs in physical addresses.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Runs as the device saw them.
    #[must_use]
    pub fn dma_entries(&self) -> &[Entry] {
        &self.dma
    }
}

impl DeviceMap {
    /// The map of an object for its device's DMA; nothing is mapped yet.
    #[must_use]
    pub fn new(new: &New) -> Self {
        Self::for_device(new, new.dev().dma())
    }

    /// The map of an object for another device than its own.
    #[must_use]
    pub fn for_device(new: &New, dma: &DmaDevice) -> Self {
        Self {
            machine: new.machine().clone(),
            dma: dma.clone(),
            slot: new.resv_slot().clone(),
            table: LockedBy::new(new.resv_slot(), None),
            mapped: AtomicBool::new(false),
        }
    }

    /// Whether the object is mapped for the device. Without the reservation the answer may be old.
    #[must_use]
    pub fn is_mapped(&self) -> bool {
        self.mapped.load(Ordering::SeqCst)
    }

    /// The table, made and mapped now if it is not there; the pages are got for it.
    ///
    /// Errors of [`Backing::populate`]; `ENOMEM`; `EIO` of the DMA mapping; the exporter's answer for an import. A failure
    /// changes nothing.
    pub fn table<'g>(&'g self, guard: &'g mut ResvGuard, backing: &Backing) -> Result<Table<'g>> {
        self.ensure(guard, backing)?;
        self.existing(guard).ok_or(Errno::EINVAL)
    }

    /// The table, if the object is mapped.
    #[must_use]
    pub fn existing<'g>(&'g self, guard: &'g ResvGuard) -> Option<Table<'g>> {
        AtomicRef::filter_map(self.table.get(guard), |table| table.as_deref())
    }

    /// A copy of the table's runs, if the object is mapped; taken without the reservation, for dumps and figures: the object may be
    /// unmapped the moment it is seen.
    #[must_use]
    pub fn peek(&self) -> Option<Runs> {
        let table = self.table.peek()?;
        let table = table.as_ref()?;
        Some(Runs {
            entries: table.entries().to_vec(),
            dma: table.dma_entries().to_vec(),
        })
    }

    /// [`DeviceMap::table`], taking the lock and keeping it while the table is used (in the place of
    /// `drm_gem_shmem_get_pages_sgt`). `EINTR` when a signal arrives first.
    pub fn lock_table(&self, backing: &Backing) -> Result<MappedTable<'_>> {
        let mut guard = self.slot.get().lock_interruptible()?;
        let table = self.ensure(&mut guard, backing)?;
        Ok(MappedTable {
            table,
            guard,
            of: PhantomData,
        })
    }

    /// The table with a pin, to be used without the lock. Errors of [`DeviceMap::table`].
    pub fn pin_table(&self, guard: &mut ResvGuard, backing: &Backing) -> Result<PinnedTable> {
        let table = self.ensure(guard, backing)?;
        // The exporter keeps an import where it is for as long as it is mapped.
        let pin = match backing.import() {
            Some(_) => None,
            None => Some(backing.pin(guard)?),
        };
        Ok(PinnedTable { table, pin })
    }

    /// Gives a pinned table back. The object stays mapped until it is reclaimed or unmapped.
    pub fn unpin_table(&self, guard: &mut ResvGuard, backing: &Backing, pinned: PinnedTable) {
        if let Some(pin) = pinned.pin {
            backing.unpin(guard, pin);
        }
    }

    pub(crate) fn ensure(&self, guard: &mut ResvGuard, backing: &Backing) -> Result<Arc<SgTable>> {
        if let Some(table) = &*self.table.get(guard) {
            return Ok(Arc::clone(table));
        }
        let table = match backing.import() {
            Some(import) => import.map(guard)?,
            None => self.map_pages(guard, backing)?,
        };
        *self.table.get_mut(guard) = Some(Arc::clone(&table));
        self.mapped.store(true, Ordering::SeqCst);
        Ok(table)
    }

    fn map_pages(&self, guard: &mut ResvGuard, backing: &Backing) -> Result<Arc<SgTable>> {
        let filled = !backing.is_resident();
        backing.add_user(guard, User::Device)?;
        let mapped = {
            let pages = backing.pages(guard).ok_or(Errno::EINVAL)?;
            SgTable::from_pages(&self.machine, pages.as_slice(), self.dma.max_segment())
                .and_then(|table| table.map(&self.dma).map(|()| table))
        };
        mapped.map(Arc::new).inspect_err(|_| {
            backing.drop_user(guard, User::Device);
            if filled {
                backing.undo_fill(guard);
            }
        })
    }

    /// Unmaps the object for the device. The pages stay unless the object keeps them only while they are used.
    ///
    /// `EBUSY` while the table is pinned ([`DeviceMap::pin_table`]). An object that is not mapped stays as it is.
    pub fn unmap(&self, guard: &mut ResvGuard, backing: &Backing) -> Result {
        let mut slot = self.table.get_mut(guard);
        let Some(table) = &*slot else {
            return Ok(());
        };
        // This map has one; everybody else who has one uses it now. The pages of an import are the exporter's to keep.
        if Arc::strong_count(table) > 1 && !backing.is_import() {
            return Err(Errno::EBUSY);
        }
        let table = slot.take();
        drop(slot);
        self.mapped.store(false, Ordering::SeqCst);
        match (backing.import(), table) {
            (Some(import), _) => import.unmap(guard),
            (None, Some(table)) => {
                table.unmap();
                drop(table);
                backing.drop_user(guard, User::Device);
            }
            (None, None) => {}
        }
        Ok(())
    }

    /// The table without the reservation: it may be unmapped the moment it is seen.
    pub(crate) fn peek_table(&self) -> Option<Arc<SgTable>> {
        self.table.peek()?.clone()
    }

    /// Leaves the table to whoever took it, mapped as it is. That of an import stays the import's.
    pub(crate) fn forget_table(&self, guard: &mut ResvGuard, backing: &Backing) {
        let table = self.table.get_mut(guard).take();
        self.mapped.store(false, Ordering::SeqCst);
        if table.is_some() && !backing.is_import() {
            backing.drop_user(guard, User::Device);
        }
    }

    /// Takes the table out of a dying object. Nobody else has one of native pages.
    pub(crate) fn detain(&self, gone: &Gone) -> Option<SgTable> {
        self.mapped.store(false, Ordering::SeqCst);
        Arc::into_inner(self.table.get_gone(gone).take()?)
    }

    /// Hands the table to the CPU or to the device, for one that does not see the CPU caches
    /// (`dma_sync_sgtable_for_cpu`, `_for_device`). Nothing happens while the object is not mapped: unmapping did it.
    pub fn sync(&self, guard: &ResvGuard) {
        if let Some(table) = &*self.table.get(guard) {
            table.sync();
        }
    }
}

impl Part for DeviceMap {
    fn teardown(&self, gone: &Gone) {
        let table = self.table.get_gone(gone).take();
        self.mapped.store(false, Ordering::SeqCst);
        // Nobody else has a table of native pages; an import's belongs to the import, which unmaps it.
        if let Some(table) = table.and_then(Arc::into_inner) {
            table.unmap();
        }
    }
}

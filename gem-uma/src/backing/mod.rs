//! The pages of the whole object: all of them, or none.

mod lent;
mod options;
mod pin;

use std::fmt;

pub use lent::Pages;
pub use options::{BackingOptions, Keep};
pub use pin::Pin;

use atomic_refcell::AtomicRef;
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gone;
use drm_core::machine::{Fail, Machine, ShmemFile};
use drm_core::memory::Page;
use drm_core::resv::{LockedBy, ResvGuard};
use drm_core::sync::Arc;
use drm_core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::detain::Detained;
use crate::import::Import;
use crate::new::New;
use crate::part::Part;
use crate::reclaim::Tracker;

/// What the object's memory is.
#[derive(Debug)]
enum Source {
    /// A shmem file of its own.
    File(Arc<ShmemFile>),
    /// A foreign buffer.
    Import(Import),
    /// Nothing that this part gives out: the pages come in granules, or from the driver.
    Elsewhere,
}

/// Who else in the object needs the pages, besides pins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum User {
    /// The device map.
    Device,
    /// A user mapping that was given all pages when it was made.
    Vma,
}

#[derive(Debug, Default)]
struct State {
    pages: Option<Box<[Page]>>,
    device: u32,
    vmas: u32,
}

impl State {
    fn count(&mut self, user: User) -> &mut u32 {
        match user {
            User::Device => &mut self.device,
            User::Vma => &mut self.vmas,
        }
    }
}

/// The pages of one object.
///
/// Having a `Backing` tells you that the pages can be got; not that they are there, nor that they stay: they are cached
/// state, which a [`Pin`] keeps from being reclaimed.
///
/// # Invariants
///
/// `pages` holds every page of the object or is `None`; only this part changes it, with the reservation held. `resident`
/// says which, for readers without the lock. `pins` leaves and reaches 0 with the reservation held. An import has no pages
/// here, no pins and no users.
pub struct Backing {
    machine: Machine,
    source: Source,
    count: u64,
    options: BackingOptions,
    dirty: AtomicBool,
    state: LockedBy<State>,
    resident: AtomicBool,
    pins: AtomicU32,
    tracker: Option<Arc<Tracker>>,
}

impl fmt::Debug for Backing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backing")
            .field("pages", &self.count)
            .field("resident", &self.is_resident())
            .field("pins", &self.pins())
            .field("import", &self.import())
            .finish_non_exhaustive()
    }
}

impl Backing {
    /// The backing of an object: of its shmem file or, for an import, of the foreign buffer, which it owns from now on.
    #[must_use]
    pub fn new(new: &New, options: BackingOptions) -> Self {
        let source = match (new.take_import(), new.filp()) {
            (Some(import), _) => Source::Import(import),
            (None, Some(file)) => {
                file.set_gfp(options.gfp);
                file.set_huge(options.huge);
                Source::File(Arc::clone(file))
            }
            (None, None) => Source::Elsewhere,
        };
        Self::with(new, source, options)
    }

    /// The backing of an object whose pages come in granules ([`crate::SparseBacking`]): it is there for types that have
    /// objects of both kinds, and refuses to be filled.
    #[must_use]
    pub fn closed(new: &New) -> Self {
        Self::with(new, Source::Elsewhere, BackingOptions::default())
    }

    fn with(new: &New, source: Source, options: BackingOptions) -> Self {
        Self {
            machine: new.machine().clone(),
            source,
            count: new.pages(),
            options,
            dirty: AtomicBool::new(options.dirty),
            state: LockedBy::new(new.resv_slot(), State::default()),
            resident: AtomicBool::new(false),
            pins: AtomicU32::new(0),
            tracker: new.tracker(),
        }
    }

    /// Pages in the object.
    #[must_use]
    pub fn page_count(&self) -> u64 {
        self.count
    }

    /// The foreign buffer, if the object is an import.
    #[must_use]
    pub fn import(&self) -> Option<&Import> {
        match &self.source {
            Source::Import(import) => Some(import),
            Source::File(_) | Source::Elsewhere => None,
        }
    }

    /// Whether the object is an import.
    #[must_use]
    pub fn is_import(&self) -> bool {
        self.import().is_some()
    }

    /// Whether the pages are there. Without the reservation the answer may be old.
    #[must_use]
    pub fn is_resident(&self) -> bool {
        self.resident.load(Ordering::SeqCst)
    }

    /// Pins. Without the reservation the answer may be old.
    #[must_use]
    pub fn pins(&self) -> u32 {
        self.pins.load(Ordering::SeqCst)
    }

    /// Whoever keeps the pages: pins, the device map, user mappings that were given pages at once. What the base class calls
    /// `pages_use_count`.
    #[must_use]
    pub fn users(&self, guard: &ResvGuard) -> u32 {
        let state = self.state.get(guard);
        self.pins() + state.device + state.vmas
    }

    /// The pages, if they are there, read-only for as long as the guard lives.
    #[must_use]
    pub fn pages<'g>(&'g self, guard: &'g ResvGuard) -> Option<Pages<'g>> {
        let state = self.state.get(guard);
        state.pages.is_some().then(|| {
            Pages::new(AtomicRef::map(state, |state| {
                state.pages.as_deref().unwrap_or_default()
            }))
        })
    }

    /// The pages, got now if they are not there (`drm_gem_get_pages`).
    ///
    /// `EINVAL`, and a warning, for an import and for an object whose pages are elsewhere; `ENOSPC`, `ENOMEM`, `EIO` of the
    /// file. A failure changes nothing.
    pub fn populate<'g>(&'g self, guard: &'g mut ResvGuard) -> Result<Pages<'g>> {
        self.fill(guard)?;
        self.pages(guard).ok_or(Errno::EINVAL)
    }

    fn fill(&self, guard: &mut ResvGuard) -> Result {
        let mut state = self.state.get_mut(guard);
        if state.pages.is_some() {
            return Ok(());
        }
        let Source::File(file) = &self.source else {
            self.machine
                .warn("gem-uma: pages wanted of an object that has none of its own");
            return Err(Errno::EINVAL);
        };
        self.machine.failpoints().check(Fail::Alloc)?;
        file.set_unevictable(true);
        let pages: Result<Box<[Page]>> =
            (0..self.count).map(|index| file.read_page(index)).collect();
        match pages {
            Ok(pages) => {
                state.pages = Some(pages);
                self.resident.store(true, Ordering::SeqCst);
                self.note();
                Ok(())
            }
            Err(error) => {
                file.set_unevictable(false);
                Err(error)
            }
        }
    }

    /// Keeps the pages where they are, getting them if need be, until the token is given back to [`Backing::unpin`].
    ///
    /// Errors of [`Backing::populate`]; an import cannot be pinned here, its exporter pins it.
    pub fn pin(&self, guard: &mut ResvGuard) -> Result<Pin> {
        self.fill(guard)?;
        self.pins.fetch_add(1, Ordering::SeqCst);
        self.note();
        Ok(Pin::new(&self.machine, self.id()))
    }

    /// Gives a pin back. The pages stay unless the object keeps them only while they are used ([`Keep::WhileUsed`]).
    pub fn unpin(&self, guard: &mut ResvGuard, pin: Pin) {
        if !pin.end(self.id()) {
            self.machine
                .warn("gem-uma: unpin with the pin of another object");
            return;
        }
        let mut state = self.state.get_mut(guard);
        self.pins.fetch_sub(1, Ordering::SeqCst);
        self.settle(&mut state);
        self.note();
    }

    /// The pages without the reservation: they may be gone the moment they are seen, and are not there while they are being got,
    /// which reclaim in the middle of it may ask.
    pub(crate) fn peek_pages(&self) -> Option<Vec<Option<Page>>> {
        let state = self.state.peek()?;
        let pages = state.pages.as_deref()?;
        Some(pages.iter().cloned().map(Some).collect())
    }

    /// [`Backing::users`] without the reservation; pins alone while somebody changes the rest.
    pub(crate) fn peek_users(&self) -> u32 {
        let others = self
            .state
            .peek()
            .map_or(0, |state| state.device + state.vmas);
        self.pins() + others
    }

    /// Whether pages are marked dirty when they are given back.
    pub(crate) fn is_dirty(&self) -> bool {
        self.dirty.load(Ordering::SeqCst)
    }

    pub(crate) fn set_dirty(&self, dirty: bool) {
        self.dirty.store(dirty, Ordering::SeqCst);
    }

    /// Tells reclaim what became of the pages.
    fn note(&self) {
        if let Some(tracker) = &self.tracker {
            tracker.pages(self.is_resident(), self.pins() > 0);
        }
    }

    /// What a pin remembers of its object: the address does not change while the object is shared.
    fn id(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    pub(crate) fn add_user(&self, guard: &mut ResvGuard, user: User) -> Result {
        self.fill(guard)?;
        *self.state.get_mut(guard).count(user) += 1;
        Ok(())
    }

    pub(crate) fn drop_user(&self, guard: &mut ResvGuard, user: User) {
        let mut state = self.state.get_mut(guard);
        let count = state.count(user);
        *count = count.saturating_sub(1);
        self.settle(&mut state);
    }

    /// Gives the pages back if the object keeps them only while they are used, and nobody uses them.
    fn settle(&self, state: &mut State) {
        if self.options.keep == Keep::WhileUsed
            && self.pins() == 0
            && state.device == 0
            && state.vmas == 0
        {
            self.give_back(state, self.is_dirty());
        }
    }

    /// Takes back pages that a failed operation got, and that nobody else uses by now.
    pub(crate) fn undo_fill(&self, guard: &mut ResvGuard) {
        let mut state = self.state.get_mut(guard);
        if self.pins() == 0 && state.device == 0 && state.vmas == 0 {
            self.give_back(&mut state, false);
        }
        self.note();
    }

    /// Whether the pages are there, and nobody but the device map keeps them.
    pub(crate) fn is_evictable(&self, guard: &ResvGuard) -> bool {
        let state = self.state.get(guard);
        state.pages.is_some() && self.pins() == 0 && state.vmas == 0
    }

    /// Gives the pages back, and writes them to swap. Pages that left RAM.
    pub(crate) fn evict(&self, guard: &mut ResvGuard) -> u64 {
        let mut state = self.state.get_mut(guard);
        debug_assert!(self.pins() == 0 && state.device == 0 && state.vmas == 0);
        self.give_back(&mut state, self.is_dirty());
        self.note();
        if let Some(tracker) = &self.tracker {
            tracker.evicted();
        }
        match &self.source {
            Source::File(file) => file.swap_out(self.count),
            Source::Import(_) | Source::Elsewhere => 0,
        }
    }

    /// Gives the pages back to the file, whoever wants them later gets them from there.
    fn give_back(&self, state: &mut State, dirty: bool) {
        let Some(pages) = state.pages.take() else {
            return;
        };
        self.resident.store(false, Ordering::SeqCst);
        drop(pages);
        if let Source::File(file) = &self.source {
            file.set_unevictable(false);
            if dirty {
                (0..self.count).for_each(|index| file.mark_dirty(index));
            }
        }
    }

    /// Takes the pages out of a dying object. The file stays as it is until they are given back.
    pub(crate) fn detain(&self, gone: &Gone) -> Detained {
        let pages = self.state.get_gone(gone).pages.take().unwrap_or_default();
        self.resident.store(false, Ordering::SeqCst);
        let file = match &self.source {
            Source::File(file) if !pages.is_empty() => Some(Arc::clone(file)),
            _ => None,
        };
        Detained::new(pages, file)
    }

    /// Throws the contents away: the file becomes empty, and pages that nobody keeps are given back.
    pub(crate) fn discard(&self, guard: &mut ResvGuard) {
        let mut state = self.state.get_mut(guard);
        if self.pins() == 0 && state.device == 0 && state.vmas == 0 {
            self.give_back(&mut state, false);
        }
        if let Source::File(file) = &self.source {
            file.truncate();
        }
        self.note();
    }
}

impl Part for Backing {
    fn teardown(&self, gone: &Gone) {
        if self.pins() != 0 {
            self.machine.warn("gem-uma: freed while pinned");
        }
        self.give_back(&mut self.state.get_gone(gone), self.is_dirty());
        if let Source::Import(import) = &self.source {
            import.end();
        }
    }

    fn print_info(&self, out: &mut dyn fmt::Write, indent: usize) -> fmt::Result {
        let (device, vmas) = self
            .state
            .peek()
            .map_or((0, 0), |state| (state.device, state.vmas));
        writeln!(
            out,
            "{}pages_use_count={}",
            "\t".repeat(indent),
            self.pins() + device + vmas
        )
    }
}

//! Which mappings there may be, how they cache, and when their pages come.

use drm_core::errno::Errno;

/// How the CPU caches what it sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Caching {
    /// Write-combined for a device that does not see the CPU caches, else cached.
    #[default]
    Derived,
    /// Always cached: the driver hands the buffer over with [`crate::DeviceMap::sync`].
    Cached,
    /// Always write-combined.
    WriteCombined,
}

/// When a process gets the pages that it mapped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Populate {
    /// When it touches them; a mapping keeps no pages.
    #[default]
    OnTouch,
    /// All of them when it maps the object, and for as long as it does: what the base class shows.
    AtMmap,
}

/// What the entries of a mapping are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Entries {
    /// Addresses without bookkeeping (`VM_PFNMAP`): the mapping alone knows them.
    #[default]
    Pfn,
    /// Pages with their bookkeeping (`VM_MIXEDMAP`), all of them from the start, for as long as the object is mapped: whoever walks
    /// the tables of the process finds pages, a device that shares its addresses among them. An import is touched page by page.
    StructPage,
}

/// How a [`super::CpuMap`] behaves.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct CpuMapOptions {
    pub(super) caching: Caching,
    pub(super) populate: Populate,
    pub(super) flush: bool,
    pub(super) huge: bool,
    pub(super) entries: Entries,
    pub(super) user: Result<(), Errno>,
}

impl Default for CpuMapOptions {
    /// Derived caching, pages on first touch, huge entries where they fit, zeroing flushed before a write-combined mapping.
    fn default() -> Self {
        Self {
            caching: Caching::Derived,
            populate: Populate::OnTouch,
            flush: true,
            huge: true,
            entries: Entries::Pfn,
            user: Ok(()),
        }
    }
}

impl CpuMapOptions {
    /// What `drm_gem_shmem_object` shows: cached unless told otherwise, all pages at `mmap`, one entry per page, nothing
    /// flushed.
    pub fn as_base_class() -> Self {
        Self {
            caching: Caching::Cached,
            populate: Populate::AtMmap,
            flush: false,
            huge: false,
            entries: Entries::Pfn,
            user: Ok(()),
        }
    }

    /// How the CPU caches what it sees.
    pub fn caching(mut self, caching: Caching) -> Self {
        self.caching = caching;
        self
    }

    /// When a process gets the pages that it mapped.
    pub fn populate(mut self, populate: Populate) -> Self {
        self.populate = populate;
        self
    }

    /// Whether the device map is made before the first write-combined mapping: pages are zeroed through the caches, and
    /// only mapping them for the device writes the zeros back.
    pub fn flush(mut self, flush: bool) -> Self {
        self.flush = flush;
        self
    }

    /// Whether a touch may map a whole huge page.
    pub fn huge(mut self, huge: bool) -> Self {
        self.huge = huge;
        self
    }

    /// What the entries of a mapping are. Pages come at `mmap`, one entry each, whatever else was said.
    pub fn entries(mut self, entries: Entries) -> Self {
        self.entries = entries;
        if entries == Entries::StructPage {
            self.populate = Populate::AtMmap;
            self.huge = false;
        }
        self
    }

    /// Processes may not map the object: `mmap` answers `errno`. The kernel still may.
    pub fn refuse_mmap(mut self, errno: Errno) -> Self {
        self.user = Err(errno);
        self
    }
}

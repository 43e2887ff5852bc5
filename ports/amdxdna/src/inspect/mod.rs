//! Looking inside, for scenarios. No code of the driver uses this.

pub(crate) mod shmem;
pub(crate) mod uma;

use drm_core::device::File;
use drm_core::errno::Result;
use drm_core::gem::Gem;
use drm_core::memory::KernelMap;

use crate::Probed;
use crate::client::{Client, Usage};

/// How to look inside the objects of a side.
pub(crate) type Inspect = fn(&Gem) -> Option<BoState>;

/// What is inside an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BoState {
    /// Users of its pages.
    pub pages_use: u32,
    /// Users of its kernel mapping.
    pub vmap_use: u32,
    /// Pages that it has; of an import, those of its table.
    pub pages: u64,
    /// Whether it has a scatter table.
    pub sgt: bool,
    /// Whether it is pinned for good.
    pub pinned: bool,
    /// Whether the kernel's mapping is kept.
    pub kva: bool,
    /// Handles that it counts.
    pub open_ref: u32,
    /// Whether it belongs to a file.
    pub client: bool,
    /// Mappings that are watched.
    pub umaps: usize,
    /// Whether a mapping changed since it was last looked up.
    pub map_invalid: bool,
    /// First and last chunk of a piece of the heap.
    pub chunks: Option<(usize, usize)>,
}

impl Probed {
    /// What is inside an object; `None` for one that is not the driver's.
    #[must_use]
    pub fn inspect(&self, object: &Gem) -> Option<BoState> {
        (self.inspect)(object)
    }

    /// What a file uses (what `BO_USAGE` tells).
    #[must_use]
    pub fn usage(&self, file: &File) -> Usage {
        Client::of(file).map_or_else(|_| Usage::default(), |client| client.usage())
    }

    /// The chunks of the heap of a file, with a handle or without.
    #[must_use]
    pub fn chunks(&self, file: &File) -> Vec<Gem> {
        let chunks = Client::of(file).map(|client| client.chunks());
        let chunks = chunks.into_iter().flatten();
        chunks.map(|chunk| chunk.object).collect()
    }

    /// The kernel's mapping of an object, as the driver has it of commands.
    ///
    /// # Errors
    ///
    /// Those of the mapping.
    pub fn kernel_map(&self, object: &Gem) -> Result<KernelMap> {
        self.device.memory()?.vmap(object)
    }
}

//! Looking inside, for scenarios. No code of the driver uses this.

pub(crate) mod shmem;
pub(crate) mod uma;

use drm_core::gem::Gem;

/// How to look inside the objects of a side.
pub(crate) type Inspect = fn(&Gem) -> Option<BoState>;

/// What kind of object it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The guest's memory.
    Guest,
    /// The host's memory.
    Vram,
    /// A foreign buffer.
    Import,
}

/// What is inside an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoState {
    /// What it is.
    pub kind: Kind,
    /// Bytes.
    pub size: u64,
    /// Users of its pages.
    pub pages_use: u32,
    /// Users of its kernel mapping.
    pub vmap_use: u32,
    /// Physical address of each page; `None` without pages.
    pub pages: Option<Vec<u64>>,
    /// Whether it has a scatter table, of its own or of its exporter.
    pub sgt: bool,
}

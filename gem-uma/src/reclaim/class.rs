//! How hard an object is to reclaim.

use super::vm::VmReclaim;

/// The five classes, from the easiest to the hardest. The first that fits, from the hardest down, is the object's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Class {
    /// It has pages, and nobody maps it.
    Unused,
    /// A process maps it.
    Mmapped,
    /// One address space of the device maps it.
    GpuMappedSingleVm,
    /// Several address spaces map it.
    GpuMappedMultiVm,
    /// It has no pages, or is pinned, or is an import.
    #[default]
    Unreclaimable,
}

impl Class {
    /// Whether the device maps it.
    #[must_use]
    pub fn is_gpu_mapped(self) -> bool {
        matches!(self, Self::GpuMappedSingleVm | Self::GpuMappedMultiVm)
    }
}

/// In which address spaces an object is mapped and not evicted.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Live {
    /// In none.
    #[default]
    Nowhere,
    /// In one; with its list, if the driver keeps one per address space.
    Single(Option<VmReclaim>),
    /// In several.
    Several,
}

impl Live {
    /// Whether an object that is mapped in one address space stays on the same list.
    pub(super) fn same_list(&self, other: &Live) -> bool {
        match (self, other) {
            (Self::Single(Some(a)), Self::Single(Some(b))) => a.is(b),
            (Self::Single(None), Self::Single(None)) => true,
            _ => false,
        }
    }
}

/// What the class follows from.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) resident: bool,
    pub(super) pinned: bool,
    pub(super) mmapped: bool,
    pub(super) live: Live,
}

impl Facts {
    pub(super) fn class(&self) -> Class {
        if !self.resident || self.pinned {
            return Class::Unreclaimable;
        }
        match self.live {
            Live::Several => Class::GpuMappedMultiVm,
            Live::Single(_) => Class::GpuMappedSingleVm,
            Live::Nowhere if self.mmapped => Class::Mmapped,
            Live::Nowhere => Class::Unused,
        }
    }
}

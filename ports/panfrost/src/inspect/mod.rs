//! Looking inside, as the recordings' white-box operations do. No code of the driver uses this.

pub(crate) mod shmem;
pub(crate) mod uma;

use std::any::Any;
use std::collections::HashMap;

use drm_core::device::File;
use drm_core::gem::Gem;
use drm_core::machine::Shrinker;
use drm_core::sync::{Arc, Weak};
use port_kit::mmu::Leaf;

use crate::Probed;
use crate::drv::FilePriv;
use crate::mmu::Vm;

/// How to look inside the objects of a side.
#[derive(Clone, Copy)]
pub(crate) struct Inspect {
    /// What is inside an object.
    pub(crate) state: fn(&Gem) -> Option<BoState>,
    /// The object of whoever has a piece of a VA space.
    pub(crate) object: fn(&Arc<dyn Any + Send + Sync>) -> Option<Gem>,
}

/// What is inside an object.
#[derive(Clone, Debug, Default)]
pub struct BoState {
    /// Not executable.
    pub noexec: bool,
    /// A heap.
    pub heap: bool,
    /// Users of its pages.
    pub pages_use: u32,
    /// Users of its kernel mapping.
    pub vmap_use: u32,
    /// Physical address of each page; `None` when it has no pages at all.
    pub pages: Option<Vec<Option<u64>>>,
    /// Whether it has a scatter table of all its pages.
    pub sgt: bool,
    /// madvise state.
    pub madv: i32,
    /// CPU mappings are write-combined.
    pub wc: bool,
    /// Jobs that use it.
    pub gpu_use: i32,
    /// Bytes of a heap that faults brought in.
    pub heap_rss: u64,
    /// Whether the shrinker knows it.
    pub listed: bool,
    /// Whether it may be purged.
    pub purgeable: bool,
    /// Which chunks of a heap have a table; `None` before the first fault.
    pub chunks: Option<Vec<bool>>,
    /// Its mappings, in the order of opening.
    pub mappings: Vec<MappingState>,
}

/// A mapping of an object.
#[derive(Clone, Debug)]
pub struct MappingState {
    /// VA.
    pub va: u64,
    /// Bytes.
    pub len: u64,
    /// Something of it is in the page table.
    pub active: bool,
    /// The VA is still its own.
    pub allocated: bool,
    /// The VM it is in.
    pub vm: Weak<Vm>,
    /// References.
    pub refs: usize,
}

/// A piece of a VA space that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VaNode {
    /// First byte.
    pub start: u64,
    /// Bytes.
    pub len: u64,
    /// `PANFROST_BO_NOEXEC`, or 0 for code.
    pub color: u64,
}

/// State of the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceState {
    /// Hardware spaces held.
    pub alloc_mask: u32,
    /// Hardware spaces that a fault ended.
    pub faulty_mask: u32,
    /// Users of runtime power management.
    pub usage: u32,
    /// Awake.
    pub active: bool,
}

impl Probed {
    /// What is inside an object; `None` for one that is not the driver's.
    #[must_use]
    pub fn inspect(&self, object: &Gem) -> Option<BoState> {
        (self.inspect.state)(object)
    }

    /// What is registered with the machine's reclaim.
    #[must_use]
    pub fn shrinker(&self) -> &Arc<dyn Shrinker> {
        &self.shrinker
    }

    /// The VM of a file.
    #[must_use]
    pub fn vm(&self, file: &File) -> Option<Arc<Vm>> {
        FilePriv::of(file).ok()?.vm()
    }

    /// What is taken in the VA space of a file, by address.
    #[must_use]
    pub fn va_nodes(&self, file: &File) -> Vec<VaNode> {
        let Some(vm) = self.vm(file) else {
            return Vec::new();
        };
        let nodes = vm.va_space().nodes();
        let shift = drm_core::PAGE_SHIFT;
        let node = |node: drm_core::mm::NodeInfo| VaNode {
            start: node.start << shift,
            len: node.size << shift,
            color: node.color,
        };
        nodes.into_iter().map(|(info, _)| node(info)).collect()
    }

    /// The leaves of a file's page table, by address, each with the page of its object that it shows; `None` where the memory is
    /// not of the object that has the address.
    #[must_use]
    pub fn leaves(&self, file: &File) -> Vec<(Leaf, Option<u64>)> {
        let Some(vm) = self.vm(file) else {
            return Vec::new();
        };
        let nodes = vm.va_space().nodes();
        let mut leaves = Vec::new();
        for leaf in vm.table().view().leaves() {
            leaves.push((leaf, None));
        }
        for (node, occupant) in nodes {
            let range = node.start << drm_core::PAGE_SHIFT..node.end() << drm_core::PAGE_SHIFT;
            let object = occupant
                .upgrade()
                .and_then(|occupant| (self.inspect.object)(&occupant));
            let pages = object
                .and_then(|object| self.inspect(&object))
                .and_then(|state| state.pages);
            let pages = pages.into_iter().flatten().zip(0..);
            let index: HashMap<u64, u64> = pages
                .filter_map(|(page, index)| Some((page?, index)))
                .collect();
            for (leaf, found) in leaves
                .iter_mut()
                .filter(|(leaf, _)| range.contains(&leaf.va))
            {
                *found = index.get(&leaf.pa).copied();
            }
        }
        leaves
    }

    /// State of the device.
    #[must_use]
    pub fn device_state(&self) -> DeviceState {
        let (usage, active) = self.pfdev.pm_state();
        let spaces = self.pfdev.spaces.lock();
        DeviceState {
            alloc_mask: spaces.alloc_mask,
            faulty_mask: spaces.faulty_mask,
            usage,
            active,
        }
    }
}

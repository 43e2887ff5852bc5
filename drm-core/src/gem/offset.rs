//! The mmap offset space of a device, and who may map what (`drm_vma_offset_manager`).

use std::collections::BTreeMap;

use super::reference::{Gem, WeakGem};
use crate::errno::Result;
use crate::mm::{Mm, Node, Placement};
use crate::sync::Mutex;
use crate::{PAGE_SHIFT, PAGE_SIZE};

/// First page of the space on a 64-bit machine: byte `0x1_0000_0000`.
const START: u64 = 0x10_0000;
/// Pages in it: just under 1 TiB.
const SIZE: u64 = 0xfff_ff00;

#[derive(Debug, Default)]
struct NodeState {
    /// Pages of the space; `None` while the object has no offset.
    range: Option<Node>,
    /// Files that may map it, each counted.
    allowed: BTreeMap<u64, u32>,
}

/// The place of one object in the space (`struct drm_vma_offset_node`).
#[derive(Debug, Default)]
pub struct VmaNode(Mutex<NodeState>);

impl VmaNode {
    /// The offset in bytes, as `mmap()` takes it; `None` without one.
    #[must_use]
    pub fn offset(&self) -> Option<u64> {
        self.0
            .lock()
            .range
            .as_ref()
            .map(|node| node.start() << PAGE_SHIFT)
    }

    /// Pages that it spans.
    #[must_use]
    pub fn pages(&self) -> u64 {
        self.0.lock().range.as_ref().map_or(0, Node::size)
    }

    /// Lets a file map it, one more time (`drm_vma_node_allow`).
    pub fn allow(&self, file: u64) {
        *self.0.lock().allowed.entry(file).or_default() += 1;
    }

    /// Takes one permission back; nothing happens when there is none (`drm_vma_node_revoke`).
    pub fn revoke(&self, file: u64) {
        let mut state = self.0.lock();
        if let Some(count) = state.allowed.get_mut(&file) {
            *count -= 1;
            if *count == 0 {
                state.allowed.remove(&file);
            }
        }
    }

    /// Whether a file may map it.
    #[must_use]
    pub fn is_allowed(&self, file: u64) -> bool {
        self.0.lock().allowed.contains_key(&file)
    }
}

#[derive(Debug)]
struct Space {
    mm: Mm,
    /// The object of each range, by its first page.
    objects: BTreeMap<u64, (u64, WeakGem)>,
}

/// The offset space of one device.
#[derive(Debug)]
pub struct OffsetSpace(Mutex<Space>);

impl Default for OffsetSpace {
    fn default() -> Self {
        Self(Mutex::new(Space {
            mm: Mm::new(START, SIZE),
            objects: BTreeMap::new(),
        }))
    }
}

impl OffsetSpace {
    /// Gives the object of `node` an offset for `bytes` bytes, unless it has one (`drm_gem_create_mmap_offset_size`).
    ///
    /// `ENOSPC` when the space is full, and for 0 bytes, which fit nowhere.
    pub fn add(&self, node: &VmaNode, object: &WeakGem, bytes: u64) -> Result {
        let mut state = node.0.lock();
        if state.range.is_some() {
            return Ok(());
        }
        let mut space = self.0.lock();
        let range = space
            .mm
            .insert_node(bytes / PAGE_SIZE, &Placement::default())?;
        space
            .objects
            .insert(range.start(), (range.size(), object.clone()));
        state.range = Some(range);
        Ok(())
    }

    /// Takes the offset away; the permissions stay (`drm_gem_free_mmap_offset`).
    pub fn remove(&self, node: &VmaNode) {
        if let Some(range) = node.0.lock().range.take() {
            let mut space = self.0.lock();
            space.objects.remove(&range.start());
            space.mm.remove_node(range);
        }
    }

    /// The object whose offset is exactly page `start` and that spans at least `pages` pages.
    #[must_use]
    pub fn lookup_exact(&self, start: u64, pages: u64) -> Option<Gem> {
        let weak = {
            let space = self.0.lock();
            let (spans, object) = space.objects.get(&start)?;
            (*spans >= pages).then(|| object.clone())?
        };
        weak.upgrade()
    }
}

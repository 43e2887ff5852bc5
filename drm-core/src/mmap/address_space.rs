//! All user mappings made through one device, so that an object's pages can be taken away (`unmap_mapping_range`).

use std::collections::BTreeMap;

use super::vma::Vma;
use crate::machine::Machine;
use crate::sync::{Arc, Mutex, Weak};

/// The mappings of a device, by their place in its offset space (`i_mmap`): a zap looks at those in its range alone.
#[derive(Debug, Default)]
pub struct AddressSpace(Mutex<Index>);

#[derive(Debug, Default)]
struct Index {
    /// By first page, and by the order in which they came.
    vmas: BTreeMap<(u64, u64), Weak<Vma>>,
    next: u64,
    /// Pages of the longest mapping so far: none that begins earlier reaches into a range.
    longest: u64,
    /// Mappings that are gone are forgotten when the index has grown to this.
    sweep_at: usize,
}

impl AddressSpace {
    pub(super) fn add(&self, vma: &Arc<Vma>) {
        let mut index = self.0.lock();
        if index.vmas.len() >= index.sweep_at {
            index.vmas.retain(|_, vma| vma.strong_count() > 0);
            index.sweep_at = 64.max(2 * index.vmas.len());
        }
        let key = (vma.pgoff(), index.next);
        index.next += 1;
        index.longest = index.longest.max(vma.pages());
        index.vmas.insert(key, Arc::downgrade(vma));
    }

    /// Clears the entries of every mapping of pages `start..start + pages`; the mappings stay.
    pub fn zap(&self, machine: &Machine, start: u64, pages: u64) {
        let end = start.saturating_add(pages);
        let vmas: Vec<_> = {
            let index = self.0.lock();
            let first = start.saturating_sub(index.longest);
            let near = index.vmas.range((first, 0)..(end, 0));
            near.filter_map(|(_, vma)| vma.upgrade()).collect()
        };
        for vma in vmas {
            let from = start.max(vma.pgoff());
            let to = end.min(vma.pgoff() + vma.pages());
            if from < to {
                let zapped = vma.zap(from - vma.pgoff(), to - vma.pgoff());
                machine.counters().user_ptes_zapped.add(zapped);
            }
        }
    }

    /// Clears every entry of every mapping.
    pub(crate) fn zap_all(&self, machine: &Machine) {
        self.zap(machine, 0, u64::MAX);
    }
}

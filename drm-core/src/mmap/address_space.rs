//! All user mappings made through one device, so that an object's pages can be taken away (`unmap_mapping_range`).

use super::vma::Vma;
use crate::machine::Machine;
use crate::sync::{Arc, Mutex, Weak};

/// The mappings of a device, by their place in its offset space.
#[derive(Debug, Default)]
pub struct AddressSpace(Mutex<Vec<Weak<Vma>>>);

impl AddressSpace {
    pub(super) fn add(&self, vma: &Arc<Vma>) {
        let mut vmas = self.0.lock();
        // Amortised: mappings that are gone go when the list would grow.
        if vmas.len() == vmas.capacity() {
            vmas.retain(|vma| vma.strong_count() > 0);
        }
        vmas.push(Arc::downgrade(vma));
    }

    /// Clears the entries of every mapping of pages `start..start + pages`; the mappings stay.
    pub fn zap(&self, machine: &Machine, start: u64, pages: u64) {
        let vmas: Vec<_> = self.0.lock().iter().filter_map(Weak::upgrade).collect();
        for vma in vmas {
            let from = start.max(vma.pgoff());
            let to = (start + pages).min(vma.pgoff() + vma.pages());
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

//! What lies between CPU and NPU: the NPU reads and writes memory, the CPU its caches, and only cache maintenance brings both together.

use std::collections::BTreeMap;

use drm_core::PAGE_SIZE;
use drm_core::dma::Entry;
use drm_core::machine::Machine;
use drm_core::sync::Mutex;

/// Memory as the NPU sees it, page by page. RAM itself is what the CPU sees.
#[derive(Debug)]
pub struct Caches {
    machine: Machine,
    /// `None` while the model is off.
    memory: Option<Mutex<BTreeMap<u64, Vec<u8>>>>,
}

impl Caches {
    pub(super) fn new(machine: &Machine, modelled: bool) -> Self {
        Self {
            machine: machine.clone(),
            memory: modelled.then(Mutex::default),
        }
    }

    fn page(&self, pa: u64) -> Vec<u8> {
        let mut page = vec![0; PAGE_SIZE as usize];
        self.machine.ram().read(pa, &mut page);
        page
    }

    /// Writes the CPU's lines back: the NPU sees from now on what the CPU wrote (`arch_sync_dma_for_device`).
    pub(crate) fn clean(&self, runs: &[Entry]) {
        let Some(memory) = &self.memory else { return };
        let mut memory = memory.lock();
        for pa in pages(runs) {
            memory.insert(pa, self.page(pa));
        }
    }

    /// Throws the CPU's lines away: the CPU sees from now on what the NPU wrote (`arch_sync_dma_for_cpu`).
    pub(crate) fn invalidate(&self, runs: &[Entry]) {
        let Some(memory) = &self.memory else { return };
        let memory = memory.lock();
        for pa in pages(runs) {
            if let Some(page) = memory.get(&pa) {
                self.machine.ram().write(pa, page);
            }
        }
    }

    /// Pages that the NPU does not see any more.
    pub(crate) fn forget(&self, pages: impl Iterator<Item = u64>) {
        let Some(memory) = &self.memory else { return };
        let mut memory = memory.lock();
        for pa in pages {
            memory.remove(&pa);
        }
    }

    /// The NPU reads, within a page.
    pub(super) fn read(&self, pa: u64, into: &mut [u8]) {
        if let Some(memory) = &self.memory
            && let Some(page) = memory.lock().get(&(pa & !(PAGE_SIZE - 1)))
        {
            let at = (pa % PAGE_SIZE) as usize;
            into.copy_from_slice(&page[at..at + into.len()]);
            return;
        }
        self.machine.ram().read(pa, into);
    }

    /// The NPU writes, within a page.
    pub(super) fn write(&self, pa: u64, from: &[u8]) {
        if let Some(memory) = &self.memory
            && let Some(page) = memory.lock().get_mut(&(pa & !(PAGE_SIZE - 1)))
        {
            let at = (pa % PAGE_SIZE) as usize;
            page[at..at + from.len()].copy_from_slice(from);
            return;
        }
        self.machine.ram().write(pa, from);
    }
}

fn pages(runs: &[Entry]) -> impl Iterator<Item = u64> + '_ {
    runs.iter()
        .flat_map(|run| (run.addr..run.addr + run.len).step_by(PAGE_SIZE as usize))
}

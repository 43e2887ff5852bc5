//! The guest's memory, as the host reaches it: by addresses of the DMA API or by physical ones, through caches or not.

use std::collections::BTreeMap;

use drm_core::PAGE_SIZE;
use drm_core::dma::{DmaDevice, Entry};
use drm_core::machine::Machine;
use drm_core::sync::Mutex;

/// The way into the guest's memory.
pub(crate) struct GuestMemory {
    machine: Machine,
    dma: DmaDevice,
    /// Whether addresses are those of the DMA API (`ACCESS_PLATFORM`).
    use_dma_api: bool,
    /// Where CPU caches are not seen: what the memory behind them holds, page by page. RAM itself is what the CPU sees.
    memory: Option<Mutex<BTreeMap<u64, Vec<u8>>>>,
}

/// One access within a page.
enum Access<'a> {
    Read(&'a mut [u8]),
    Write(&'a [u8]),
}

impl GuestMemory {
    /// `cached`: the host does not see the CPU's caches. Without the DMA API it always does.
    pub(crate) fn new(dma: &DmaDevice, use_dma_api: bool, cached: bool) -> Self {
        Self {
            machine: dma.machine().clone(),
            dma: dma.clone(),
            use_dma_api,
            memory: (cached && use_dma_api).then(Mutex::default),
        }
    }

    fn page(&self, pa: u64) -> Vec<u8> {
        let mut page = vec![0; PAGE_SIZE as usize];
        self.machine.ram().read(pa, &mut page);
        page
    }

    /// The CPU's caches are written back over `runs`, which are physical (`arch_sync_dma_for_device`).
    pub(crate) fn clean(&self, runs: &[Entry]) {
        let Some(memory) = &self.memory else { return };
        let mut memory = memory.lock();
        let pages = runs
            .iter()
            .flat_map(|run| (run.addr..run.addr + run.len).step_by(PAGE_SIZE as usize));
        for pa in pages {
            memory.insert(pa, self.page(pa));
        }
    }

    /// Physical address of an address in an entry; `None` where nothing is mapped.
    fn phys(&self, addr: u64) -> Option<u64> {
        let pa = if self.use_dma_api {
            self.dma.translate(addr)?
        } else {
            addr
        };
        self.machine.ram().contains(pa, 1).then_some(pa)
    }

    fn access(&self, pa: u64, access: Access<'_>) {
        let (page, at) = (pa & !(PAGE_SIZE - 1), (pa % PAGE_SIZE) as usize);
        let mut memory = self.memory.as_ref().map(|memory| memory.lock());
        let cached = memory.as_mut().and_then(|memory| memory.get_mut(&page));
        match (access, cached) {
            (Access::Read(into), Some(page)) => into.copy_from_slice(&page[at..at + into.len()]),
            (Access::Read(into), None) => self.machine.ram().read(pa, into),
            (Access::Write(from), Some(page)) => page[at..at + from.len()].copy_from_slice(from),
            (Access::Write(from), None) => self.machine.ram().write(pa, from),
        }
    }

    /// The address of byte `at` of a list, and how many bytes follow it in its page and its entry.
    fn locate(&self, entries: &[Entry], at: u64) -> Option<(u64, usize)> {
        let mut skip = at;
        for entry in entries {
            if skip < entry.len {
                let addr = entry.addr + skip;
                let in_page = PAGE_SIZE - addr % PAGE_SIZE;
                return Some((addr, in_page.min(entry.len - skip) as usize));
            }
            skip -= entry.len;
        }
        None
    }

    fn each(
        &self,
        entries: &[Entry],
        at: u64,
        len: usize,
        mut access: impl FnMut(u64, std::ops::Range<usize>),
    ) -> bool {
        let mut done = 0;
        while done < len {
            let Some((addr, room)) = self.locate(entries, at + done as u64) else {
                return false;
            };
            let Some(pa) = self.phys(addr) else {
                return false;
            };
            let next = done + room.min(len - done);
            access(pa, done..next);
            done = next;
        }
        true
    }

    /// Reads from byte `at` of a list; `false` where the list ends, or an address reaches nothing.
    pub(crate) fn read(&self, entries: &[Entry], at: u64, into: &mut [u8]) -> bool {
        let len = into.len();
        self.each(entries, at, len, |pa, range| {
            self.access(pa, Access::Read(&mut into[range]));
        })
    }

    /// Writes from byte `at` of a list on; `false` where the list ends, or an address reaches nothing.
    pub(crate) fn write(&self, entries: &[Entry], at: u64, from: &[u8]) -> bool {
        self.each(entries, at, from.len(), |pa, range| {
            self.access(pa, Access::Write(&from[range]));
        })
    }
}

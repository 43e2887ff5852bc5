//! Tables in the RAM of a simulated machine.

use std::collections::BTreeMap;

use drm_core::errno::Result;
use drm_core::machine::{Fail, Machine};
use drm_core::memory::{Folio, Gfp, MAX_ORDER};
use drm_core::sync::Mutex;

use super::memory::{TableEvent, TableMemory};

/// Table pages from a machine's page allocator, counted in the machine's counters.
///
/// Warnings go to the machine's trace; [`Fail::TableAlloc`] makes an allocation fail.
#[derive(Debug)]
pub struct MachineTables {
    machine: Machine,
    gfp: Gfp,
    folios: Mutex<BTreeMap<u64, Vec<Folio>>>,
}

impl MachineTables {
    /// Tables from the RAM of `machine`; `gfp` says how they are allocated, and whether below 4 GiB.
    pub fn new(machine: &Machine, gfp: Gfp) -> Self {
        Self {
            machine: machine.clone(),
            gfp,
            folios: Mutex::default(),
        }
    }

    /// The machine.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Adjacent folios of the largest order, `count` of them: more are taken until enough of them lie
    /// side by side, then the surplus goes back (as the contiguous allocator moves others away).
    fn adjacent(&self, count: usize) -> Result<Vec<Folio>> {
        let bytes = drm_core::PAGE_SIZE << MAX_ORDER;
        let mut taken = BTreeMap::new();
        loop {
            let folio = self.machine.frames().alloc(MAX_ORDER, self.gfp)?;
            taken.insert(folio.phys(), folio);
            for first in taken.keys().copied() {
                let run = (0..count as u64).map(|i| first + i * bytes);
                if run.clone().all(|pa| taken.contains_key(&pa)) {
                    return Ok(run.filter_map(|pa| taken.remove(&pa)).collect());
                }
            }
        }
    }
}

impl TableMemory for MachineTables {
    fn alloc_table(&self, order: u32) -> Result<u64> {
        self.machine.failpoints().check(Fail::TableAlloc)?;
        let folios = match u8::try_from(order) {
            Ok(order) if order <= MAX_ORDER => vec![self.machine.frames().alloc(order, self.gfp)?],
            _ => self.adjacent(1 << (order - u32::from(MAX_ORDER)))?,
        };
        let pa = folios[0].phys();
        self.folios.lock().insert(pa, folios);
        Ok(pa)
    }

    fn free_table(&self, pa: u64, _order: u32) {
        self.folios.lock().remove(&pa);
    }

    fn read64(&self, pa: u64) -> u64 {
        self.machine.ram().read_u64(pa)
    }

    fn write64(&self, pa: u64, value: u64) {
        self.machine.ram().write_u64(pa, value);
    }

    fn read32(&self, pa: u64) -> u32 {
        self.machine.ram().read_u32(pa)
    }

    fn write32(&self, pa: u64, value: u32) {
        self.machine.ram().write_u32(pa, value);
    }

    fn count(&self, event: TableEvent, n: u64) {
        let counters = self.machine.counters();
        match event {
            TableEvent::PteWrite => &counters.pte_writes,
            TableEvent::TableAlloc => &counters.tables_allocated,
            TableEvent::TableFree => &counters.tables_freed,
            TableEvent::Walk => &counters.table_walks,
        }
        .add(n);
    }

    fn warn(&self, site: &'static str) {
        self.machine.warn(site);
    }
}

#[cfg(test)]
mod tests {
    use drm_core::errno::Errno;
    use drm_core::machine::{Config, Event};

    use super::*;
    use crate::mmu::lpae::{self, Kind, Lpae, Prot};
    use crate::mmu::pgsize::SZ_4K;
    use crate::mmu::{Access, View};

    fn machine() -> Machine {
        Machine::new(Config {
            ram: 32 << 20,
            ..Config::default()
        })
        .expect("host memory")
    }

    fn mali(mem: &MachineTables) -> Result<Lpae<&MachineTables>> {
        let config = lpae::Config {
            ias: 48,
            oas: 40,
            coherent_walk: true,
        };
        Lpae::new(mem, Kind::Mali, config)
    }

    #[test]
    fn a_device_follows_the_table_through_ram_to_the_bytes() {
        let machine = machine();
        let mem = MachineTables::new(&machine, Gfp::KERNEL);
        let page = machine.frames().alloc(0, Gfp::KERNEL).unwrap();
        machine.ram().write(page.phys() + 0x10, b"uma");
        let mut table = mali(&mem).unwrap();
        let before = machine.counters().snapshot();
        table
            .map_pages(0x200_0000, page.phys(), SZ_4K, 1, Prot::READ)
            .unwrap();
        let spent = machine.counters().snapshot() - before;
        assert_eq!(
            (spent.pte_writes, spent.tables_allocated, spent.table_walks),
            (4, 3, 1)
        );

        let device = View::new(table.format(), &mem, table.transtab() & !0xfff);
        let (pa, _) = device.translate(0x200_0010, Access::Read).unwrap();
        let mut bytes = [0; 3];
        machine.ram().read(pa, &mut bytes);
        assert_eq!(&bytes, b"uma");
    }

    #[test]
    fn every_table_page_goes_back_to_the_allocator() {
        let machine = machine();
        let mem = MachineTables::new(&machine, Gfp::KERNEL);
        let before = machine.frames().stats().used;
        let mut table = mali(&mem).unwrap();
        table.map_pages(0, 0, SZ_4K, 1, Prot::READ).unwrap();
        assert_eq!(machine.frames().stats().used, before + 4);
        drop(table);
        assert_eq!(machine.frames().stats().used, before);
        let counts = machine.counters().snapshot();
        assert_eq!((counts.tables_allocated, counts.tables_freed), (4, 4));
    }

    #[test]
    fn an_injected_failure_and_a_warning_reach_the_machine() {
        let machine = machine();
        let mem = MachineTables::new(&machine, Gfp::KERNEL);
        let mut table = mali(&mem).unwrap();
        machine.failpoints().fail_nth(Fail::TableAlloc, 2);
        assert_eq!(
            table.map_pages(0, 0, SZ_4K, 1, Prot::READ),
            Err(Errno::ENOMEM)
        );
        assert!(machine.failpoints().disarm());
        assert_eq!(table.unmap_pages(0, SZ_4K, 1), 0);
        assert_eq!(
            machine.trace().take(),
            [Event::Warning("io-pgtable-arm.c:660")]
        );
    }

    #[test]
    fn a_table_larger_than_a_folio_is_contiguous() {
        let machine = machine();
        let mem = MachineTables::new(&machine, Gfp::KERNEL);
        let before = machine.frames().stats().used;
        let odd = machine.frames().alloc(MAX_ORDER, Gfp::KERNEL).unwrap();
        let pa = mem.alloc_table(10).unwrap();
        assert_eq!(pa % (2 << 20), 0);
        assert!(odd.phys() + (2 << 20) <= pa || pa + (4 << 20) <= odd.phys());
        assert_eq!(machine.frames().stats().used, before + 3 * 512);
        mem.free_table(pa, 10);
        drop(odd);
        assert_eq!(machine.frames().stats().used, before);
        assert_eq!(mem.alloc_table(14).err(), Some(Errno::ENOMEM));
        assert_eq!(machine.frames().stats().used, before);
    }
}

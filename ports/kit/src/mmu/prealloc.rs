//! Table pages reserved before an operation, so that the operation itself never allocates: panthor's
//! `rsvd_page_tables` (`panthor_mmu.c: alloc_pt`, `free_pt`, `panthor_vm_prepare_map_op_ctx`).

use drm_core::errno::{Errno, Result};
use drm_core::sync::{Mutex, MutexGuard};

use super::memory::{TableEvent, TableMemory};
use super::pgsize::{SZ_1G, SZ_2M};

const SZ_512G: u64 = 512 * SZ_1G;

/// Table pages one operation may use. What it does not use goes back when this is dropped
/// (`panthor_vm_cleanup_op_ctx`).
#[derive(Debug)]
pub struct Reservation<M: TableMemory> {
    mem: M,
    pages: Vec<u64>,
    reserved: usize,
}

impl<M: TableMemory> Reservation<M> {
    /// Pages reserved at first.
    pub fn reserved(&self) -> usize {
        self.reserved
    }

    /// Pages that have become tables.
    pub fn used(&self) -> usize {
        self.reserved - self.pages.len()
    }
}

impl<M: TableMemory> Drop for Reservation<M> {
    fn drop(&mut self) {
        for pa in self.pages.drain(..) {
            self.mem.free_table(pa, 0);
        }
    }
}

/// Pages that a map of `size` bytes at `va` reserves: one for each 512 GiB, 1 GiB and 2 MiB span it
/// touches, whether the tables exist or not. The range must end below 2^63.
pub fn map_table_count(va: u64, size: u64) -> u64 {
    let spans = |span: u64| (va + size).div_ceil(span) - va / span;
    spans(SZ_512G) + spans(SZ_1G) + spans(SZ_2M)
}

/// Pages that an unmap of `size` bytes at `va` reserves, for the blocks it may have to split: one for
/// an end that is not on a 2 MiB boundary, two if both ends are not and lie in different blocks.
pub fn unmap_table_count(va: u64, size: u64) -> u64 {
    let end = va + size;
    let first_block = va.next_multiple_of(SZ_2M);
    let last_block = end.next_multiple_of(SZ_2M);
    u64::from(va != first_block) + u64::from(end != last_block && last_block != first_block)
}

/// Table memory of one panthor VM: the root is allocated, every other table comes out of the
/// reservation that is attached.
#[derive(Debug)]
pub struct PreallocTables<M> {
    mem: M,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    root: Option<u64>,
    attached: Option<Vec<u64>>,
}

impl<M: TableMemory + Clone> PreallocTables<M> {
    /// For a VM whose table does not exist yet: the first allocation will be its root.
    pub fn new(mem: M) -> Self {
        Self {
            mem,
            state: Mutex::default(),
        }
    }

    /// Reserves for a map of `size` bytes at `va`.
    ///
    /// # Errors
    /// `ENOMEM`, and then nothing is kept.
    pub fn reserve_map(&self, va: u64, size: u64) -> Result<Reservation<M>> {
        self.reserve(map_table_count(va, size))
    }

    /// Reserves for an unmap of `size` bytes at `va`.
    ///
    /// # Errors
    /// `ENOMEM`, and then nothing is kept.
    pub fn reserve_unmap(&self, va: u64, size: u64) -> Result<Reservation<M>> {
        self.reserve(unmap_table_count(va, size))
    }

    fn reserve(&self, count: u64) -> Result<Reservation<M>> {
        let mut reservation = Reservation {
            mem: self.mem.clone(),
            pages: Vec::new(),
            reserved: 0,
        };
        for _ in 0..count {
            reservation.pages.push(self.mem.alloc_table(0)?);
        }
        reservation.reserved = reservation.pages.len();
        // Handed out from the back, so that the pages come in the order of their allocation.
        reservation.pages.reverse();
        Ok(reservation)
    }

    /// Lets the VM's table draw from `reservation` until the guard goes (`vm->op_ctx`, under
    /// `vm->op_lock`). One at a time: a second one attached meanwhile gets nothing.
    pub fn attach<'a>(&'a self, reservation: &'a mut Reservation<M>) -> Attached<'a, M> {
        let mut state = self.state();
        if state.attached.is_some() {
            return Attached {
                tables: self,
                reservation: None,
            };
        }
        state.attached = Some(std::mem::take(&mut reservation.pages));
        drop(state);
        Attached {
            tables: self,
            reservation: Some(reservation),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

/// While it lives, tables come out of a reservation; see [`PreallocTables::attach`].
#[derive(Debug)]
pub struct Attached<'a, M: TableMemory + Clone> {
    tables: &'a PreallocTables<M>,
    reservation: Option<&'a mut Reservation<M>>,
}

impl<M: TableMemory + Clone> Drop for Attached<'_, M> {
    fn drop(&mut self) {
        if let Some(reservation) = &mut self.reservation {
            reservation.pages = self.tables.state().attached.take().unwrap_or_default();
        }
    }
}

impl<M: TableMemory + Clone> TableMemory for PreallocTables<M> {
    fn alloc_table(&self, order: u32) -> Result<u64> {
        let mut state = self.state();
        if state.root.is_none() {
            if state.attached.is_some() {
                self.mem.warn("panthor_mmu.c:447");
            }
            let root = self.mem.alloc_table(order)?;
            state.root = Some(root);
            return Ok(root);
        }
        if order != 0 {
            self.mem.warn("panthor_mmu.c:458");
            return Err(Errno::ENOMEM);
        }
        let Some(pages) = &mut state.attached else {
            self.mem.warn("panthor_mmu.c:464");
            return Err(Errno::ENOMEM);
        };
        pages.pop().ok_or_else(|| {
            self.mem.warn("panthor_mmu.c:465");
            Errno::ENOMEM
        })
    }

    fn free_table(&self, pa: u64, order: u32) {
        let mut state = self.state();
        if state.root == Some(pa) {
            state.root = None;
        } else if order != 0 {
            self.mem.warn("panthor_mmu.c:500");
            return;
        }
        drop(state);
        self.mem.free_table(pa, order);
    }

    fn read64(&self, pa: u64) -> u64 {
        self.mem.read64(pa)
    }

    fn write64(&self, pa: u64, value: u64) {
        self.mem.write64(pa, value);
    }

    fn read32(&self, pa: u64) -> u32 {
        self.mem.read32(pa)
    }

    fn write32(&self, pa: u64, value: u32) {
        self.mem.write32(pa, value);
    }

    fn count(&self, event: TableEvent, n: u64) {
        self.mem.count(event, n);
    }

    fn warn(&self, site: &'static str) {
        self.mem.warn(site);
    }
}

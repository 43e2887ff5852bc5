//! A process's mapping of `/dev/fb`, with write tracking (`fb_defio.c`).

use std::collections::BTreeMap;
use std::fmt;

use drm_core::PAGE_SIZE;
use drm_core::errno::{Errno, Result};
use drm_core::machine::Machine;
use drm_core::memory::Page;
use drm_core::sync::{Arc, Mutex, Weak};

/// Who serves the faults of a mapping.
pub(super) trait DeferredIo: Send + Sync {
    /// The page at byte `offset` of the screen (`fb_deferred_io_fault`).
    fn page(&self, offset: u64) -> Option<Page>;
    /// The page at byte `offset` is about to be written (`fb_deferred_io_page_mkwrite`).
    fn track(&self, offset: u64);
}

#[derive(Debug)]
struct Pte {
    page: Page,
    writable: bool,
}

/// The page table of a mapping.
#[derive(Debug, Default)]
pub(super) struct PageTable(Mutex<BTreeMap<u64, Pte>>);

impl PageTable {
    /// Lets the next write fault again (`folio_mkclean`).
    pub(super) fn write_protect(&self) {
        for pte in self.0.lock().values_mut() {
            pte.writable = false;
        }
    }
}

/// A mapping of the whole console from its first byte. It may outlive the console: then what is not mapped yet cannot be had.
pub struct FbMapping {
    machine: Machine,
    io: Weak<dyn DeferredIo>,
    table: Arc<PageTable>,
}

impl fmt::Debug for FbMapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FbMapping").field(&self.table).finish()
    }
}

impl FbMapping {
    pub(super) fn new(machine: &Machine, io: Weak<dyn DeferredIo>, table: Arc<PageTable>) -> Self {
        Self {
            machine: machine.clone(),
            io,
            table,
        }
    }

    /// The physical address behind byte `at`. `EFAULT` where a process would get `SIGBUS`.
    fn translate(&self, at: u64, write: bool) -> Result<u64> {
        let index = at / PAGE_SIZE;
        if let Some(pte) = self.table.0.lock().get(&index)
            && (pte.writable || !write)
        {
            return Ok(pte.page.phys() + at % PAGE_SIZE);
        }
        let io = self.io.upgrade().ok_or(Errno::EFAULT)?;
        let page = io.page(index * PAGE_SIZE).ok_or(Errno::EFAULT)?;
        if write {
            io.track(index * PAGE_SIZE);
        }
        let phys = page.phys();
        let pte = Pte {
            page,
            writable: write,
        };
        self.table.0.lock().insert(index, pte);
        Ok(phys + at % PAGE_SIZE)
    }

    /// Reads from byte `at`. `EFAULT` where a process would get `SIGBUS`.
    pub fn read(&self, at: u64, into: &mut [u8]) -> Result {
        let mut done = 0;
        while done < into.len() {
            let from = at + done as u64;
            let n = ((PAGE_SIZE - from % PAGE_SIZE) as usize).min(into.len() - done);
            let phys = self.translate(from, false)?;
            self.machine.ram().read(phys, &mut into[done..done + n]);
            done += n;
        }
        Ok(())
    }

    /// Writes from byte `at` on. `EFAULT` where a process would get `SIGBUS`.
    pub fn write(&self, at: u64, from: &[u8]) -> Result {
        let mut done = 0;
        while done < from.len() {
            let to = at + done as u64;
            let n = ((PAGE_SIZE - to % PAGE_SIZE) as usize).min(from.len() - done);
            let phys = self.translate(to, true)?;
            self.machine.ram().write(phys, &from[done..done + n]);
            done += n;
        }
        Ok(())
    }
}

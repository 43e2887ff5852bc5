//! A process: its mappings, what it reads and writes through them, `fork`.

use std::collections::BTreeMap;

use super::notifier::{Invalidation, Notifiers};
use super::vma::{NewVma, VmFlags, Vma, VmaFile};
use crate::device::Device;
use crate::errno::{Errno, Result};
use crate::gem::{Fault, FaultContext};
use crate::machine::Machine;

use crate::sync::{Arc, Mutex};
use crate::{PAGE_SHIFT, PAGE_SIZE};

/// What a mapping may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prot {
    /// `PROT_READ`.
    Read,
    /// `PROT_READ | PROT_WRITE`.
    ReadWrite,
}

impl Prot {
    /// Whether writes are allowed.
    #[must_use]
    pub fn writes(self) -> bool {
        self == Self::ReadWrite
    }
}

/// Who sees the writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// `MAP_SHARED`.
    Shared,
    /// `MAP_PRIVATE`.
    Private,
}

/// First address that `mmap` hands out; aligned so that 2 MiB entries are possible.
const MMAP_BASE: u64 = 0x7f00_0000_0000;

/// Longest mapping in bytes.
const MAX_LEN: u64 = 1 << 46;

#[derive(Debug)]
struct State {
    vmas: BTreeMap<u64, Arc<Vma>>,
    next: u64,
}

/// A process. Dropping it is its exit: every mapping is closed.
#[derive(Debug)]
pub struct Process {
    machine: Machine,
    state: Mutex<State>,
    notifiers: Notifiers,
}

impl Process {
    /// A process without mappings.
    #[must_use]
    pub fn new(machine: &Machine) -> Self {
        Self {
            machine: machine.clone(),
            state: Mutex::new(State {
                vmas: BTreeMap::new(),
                next: MMAP_BASE,
            }),
            notifiers: Notifiers::default(),
        }
    }

    /// A mapping at `at`, or at addresses of its own.
    pub(super) fn new_vma(
        &self,
        at: Option<u64>,
        len: u64,
        prot: Prot,
        sharing: Sharing,
        file: VmaFile,
        pgoff: u64,
    ) -> Result<NewVma> {
        if len == 0 || len > MAX_LEN {
            return Err(if len == 0 {
                Errno::EINVAL
            } else {
                Errno::ENOMEM
            });
        }
        let pages = crate::page_align(len) >> PAGE_SHIFT;
        Ok(NewVma {
            start: at.unwrap_or_else(|| self.reserve(pages)),
            pages,
            pgoff,
            prot,
            sharing,
            flags: VmFlags::empty(),
            file,
            object: None,
            ptes: BTreeMap::new(),
            notifiers: self.notifiers.clone(),
            populate: false,
        })
    }

    /// Where whole pages that cover `len` bytes from `addr` end; `None` beyond the last address.
    pub(super) fn end_of(addr: u64, len: u64) -> Option<u64> {
        let aligned = crate::page_align(len);
        // What cannot be rounded up wraps.
        (aligned >= len)
            .then(|| addr.checked_add(aligned))
            .flatten()
    }

    /// Who watches its address space.
    #[must_use]
    pub fn notifiers(&self) -> &Notifiers {
        &self.notifiers
    }

    pub(super) fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Addresses for `pages` pages, never handed out again. A guard page, then the next 2 MiB unit: mappings never merge.
    pub(super) fn reserve(&self, pages: u64) -> u64 {
        let mut state = self.state.lock();
        let start = state.next;
        state.next = (start + ((pages + 1) << PAGE_SHIFT)).next_multiple_of(2 << 20);
        start
    }

    pub(super) fn install(&self, new: NewVma) -> u64 {
        let vma = Vma::new(new);
        device_of(&vma)
            .iter()
            .for_each(|dev| dev.address_space().add(&vma));
        let start = vma.start();
        self.state.lock().vmas.insert(start, vma);
        start
    }

    /// The mappings that have a byte of `start..end`.
    pub(super) fn vmas_in(&self, start: u64, end: u64) -> Vec<Arc<Vma>> {
        let state = self.state.lock();
        let vmas = state.vmas.values();
        vmas.filter(|vma| vma.start() < end && vma.end() > start)
            .cloned()
            .collect()
    }

    /// Takes a mapping out of the table, unless a rest of it has its place, and closes it.
    pub(super) fn close(&self, vma: &Arc<Vma>) {
        let mut state = self.state.lock();
        if state
            .vmas
            .get(&vma.start())
            .is_some_and(|at| Arc::ptr_eq(at, vma))
        {
            state.vmas.remove(&vma.start());
        }
        drop(state);
        close(vma);
    }

    /// A copy of a mapping opens.
    pub(super) fn install_copy(&self, vma: Arc<Vma>) {
        if let Some(object) = vma.object() {
            object.vm_open(&vma);
        }
        self.replace(vma);
    }

    /// Puts a mapping into the table, over the one that begins there.
    pub(super) fn replace(&self, vma: Arc<Vma>) {
        device_of(&vma)
            .iter()
            .for_each(|dev| dev.address_space().add(&vma));
        self.state.lock().vmas.insert(vma.start(), vma);
    }

    /// A child with copies of all mappings (`fork`).
    #[must_use]
    pub fn fork(&self) -> Process {
        let _syscall = self.machine.syscall();
        let child = Process::new(&self.machine);
        let vmas: Vec<_> = self.state.lock().vmas.values().cloned().collect();
        for vma in vmas {
            child.install_copy(vma.copy(0, vma.pages(), vma.prot()));
        }
        child.state.lock().next = self.state.lock().next;
        child
    }

    /// The mapping that covers `addr`.
    #[must_use]
    pub fn vma(&self, addr: u64) -> Option<Arc<Vma>> {
        let state = self.state.lock();
        let (_, vma) = state.vmas.range(..=addr).next_back()?;
        (addr < vma.end()).then(|| Arc::clone(vma))
    }

    /// Reads through the mappings. `EFAULT` where a process would get `SIGBUS` or `SIGSEGV`.
    pub fn read(&self, addr: u64, into: &mut [u8]) -> Result {
        let mut done = 0;
        while done < into.len() {
            let at = addr + done as u64;
            let n = ((PAGE_SIZE - at % PAGE_SIZE) as usize).min(into.len() - done);
            self.access(at, false, |phys| {
                self.machine.ram().read(phys, &mut into[done..done + n]);
            })?;
            done += n;
        }
        Ok(())
    }

    /// Writes through the mappings. `EFAULT` where a process would get `SIGBUS` or `SIGSEGV`.
    pub fn write(&self, addr: u64, from: &[u8]) -> Result {
        let mut done = 0;
        while done < from.len() {
            let at = addr + done as u64;
            let n = ((PAGE_SIZE - at % PAGE_SIZE) as usize).min(from.len() - done);
            self.access(at, true, |phys| {
                self.machine.ram().write(phys, &from[done..done + n]);
            })?;
            done += n;
        }
        Ok(())
    }

    /// One byte through the mappings.
    pub fn read_byte(&self, addr: u64) -> Result<u8> {
        let mut byte = [0];
        self.read(addr, &mut byte)?;
        Ok(byte[0])
    }

    /// The physical address behind `addr`, faulting it in.
    pub fn translate(&self, addr: u64, write: bool) -> Result<u64> {
        let mut phys = 0;
        self.access(addr, write, |at| phys = at)?;
        Ok(phys)
    }

    /// Runs `access` with the physical address behind `addr`, faulting it in.
    pub(super) fn access(&self, addr: u64, write: bool, mut access: impl FnMut(u64)) -> Result {
        /// Faults of one access, before the instruction counts as one that never gets on.
        const FAULTS: usize = 64;
        let vma = self.vma(addr).ok_or(Errno::EFAULT)?;
        if write && !vma.prot().writes() {
            return Err(Errno::EFAULT);
        }
        let index = (addr - vma.start()) >> PAGE_SHIFT;
        for tried in 0..=FAULTS {
            let done = vma.with_pte(index, write, |phys| access(phys + addr % PAGE_SIZE));
            if done.is_some() {
                return Ok(());
            }
            if tried < FAULTS {
                // A handler that drops the mmap lock asks for a retry; twice, then it may not.
                self.fault(&vma, index, write, tried < 2)?;
            }
        }
        Err(Errno::EFAULT)
    }

    fn fault(&self, vma: &Vma, index: u64, write: bool, allow_retry: bool) -> Result {
        let object = vma.object().ok_or(Errno::EFAULT)?;
        let counters = self.machine.counters();
        counters.user_faults.add(1);
        let mapped = vma.mapped_pages() as u64;
        let mut result = Fault::Fallback;
        let orders: &[u8] = if self.machine.config().huge_pages {
            &[9, 0]
        } else {
            &[0]
        };
        for &order in orders {
            result = object.fault(
                vma,
                FaultContext {
                    index,
                    write,
                    order,
                    allow_retry,
                    nowait: false,
                },
            );
            if result != Fault::Fallback {
                break;
            }
        }
        counters
            .user_ptes
            .add((vma.mapped_pages() as u64).saturating_sub(mapped));
        if vma.is_broken() {
            return Err(Errno::EFAULT);
        }
        match result {
            Fault::NoPage | Fault::Retry => Ok(()),
            Fault::Fallback | Fault::SigBus => Err(Errno::EFAULT),
        }
    }
}

fn device_of(vma: &Vma) -> Option<Device> {
    vma.object().map(|object| object.gem().dev().clone())
}

fn close(vma: &Arc<Vma>) {
    if let Some(object) = vma.object() {
        object.vm_close(vma);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _syscall = self.machine.syscall();
        self.notifiers
            .invalidate(0, u64::MAX, Invalidation::Release);
        let vmas = std::mem::take(&mut self.state.lock().vmas);
        for vma in vmas.values() {
            close(vma);
        }
    }
}

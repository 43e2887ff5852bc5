//! The process that calls: its address space, its descriptors, and what it may pin.

use std::collections::BTreeMap;

use drm_core::errno::{Errno, Result};
use drm_core::machine::Machine;
use drm_core::mmap::Process;
use drm_core::prime::DmaBuf;
use drm_core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use drm_core::sync::{Arc, Mutex};
use drm_core::{PAGE_SHIFT, PAGE_SIZE};

/// What a process may pin, and what is pinned of it; stays when the process is gone (`struct mm_struct`).
#[derive(Debug)]
pub(crate) struct Pinned {
    /// `RLIMIT_MEMLOCK` in bytes.
    limit: AtomicU64,
    /// `CAP_IPC_LOCK`.
    ipc_lock: AtomicBool,
    /// Pages (`pinned_vm`).
    pages: AtomicU64,
}

impl Pinned {
    /// Counts `pages` more. `ENOMEM` beyond the limit: nothing is counted then.
    pub(crate) fn charge(&self, pages: u64) -> Result {
        let limit = self.limit.load(Ordering::SeqCst) >> PAGE_SHIFT;
        let pinned = self.pages.fetch_add(pages, Ordering::SeqCst) + pages;
        if pinned > limit && !self.ipc_lock.load(Ordering::SeqCst) {
            self.uncharge(pages);
            return Err(Errno::ENOMEM);
        }
        Ok(())
    }

    /// Counts `pages` less.
    pub(crate) fn uncharge(&self, pages: u64) {
        self.pages.fetch_sub(pages, Ordering::SeqCst);
    }
}

/// A process. Dropping it is its exit.
#[derive(Debug)]
pub struct Task {
    process: Process,
    pinned: Arc<Pinned>,
    fds: Mutex<BTreeMap<i32, DmaBuf>>,
    churning: AtomicBool,
}

impl Task {
    /// A process that may pin 8 MiB.
    #[must_use]
    pub fn new(machine: &Machine) -> Arc<Self> {
        Arc::new(Self {
            process: Process::new(machine),
            pinned: Arc::new(Pinned {
                limit: AtomicU64::new(8 << 20),
                ipc_lock: AtomicBool::new(false),
                pages: AtomicU64::new(0),
            }),
            fds: Mutex::default(),
            churning: AtomicBool::new(false),
        })
    }

    /// Its address space.
    #[must_use]
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Lets it pin `bytes`, or as much as it likes (`setrlimit`, `CAP_IPC_LOCK`).
    pub fn set_memlock(&self, bytes: u64, ipc_lock: bool) {
        self.pinned.limit.store(bytes, Ordering::SeqCst);
        self.pinned.ipc_lock.store(ipc_lock, Ordering::SeqCst);
    }

    /// Pages that are pinned of it (`pinned_vm`).
    #[must_use]
    pub fn pinned_pages(&self) -> u64 {
        self.pinned.pages.load(Ordering::SeqCst)
    }

    pub(crate) fn pinned(&self) -> &Arc<Pinned> {
        &self.pinned
    }

    /// Whether it may pin anything at all (`can_do_mlock`).
    pub(crate) fn can_do_mlock(&self) -> bool {
        self.pinned.limit.load(Ordering::SeqCst) != 0 || self.pinned.ipc_lock.load(Ordering::SeqCst)
    }

    /// A descriptor of a buffer.
    pub fn install(&self, dma_buf: &DmaBuf) -> i32 {
        let mut fds = self.fds.lock();
        let fd = (3..).find(|fd| !fds.contains_key(fd)).unwrap_or(i32::MAX);
        fds.insert(fd, dma_buf.clone());
        fd
    }

    /// Closes a descriptor.
    pub fn close(&self, fd: i32) {
        let dma_buf = self.fds.lock().remove(&fd);
        drop(dma_buf);
    }

    /// The buffer of a descriptor (`dma_buf_get`). `EBADF`.
    pub(crate) fn dma_buf(&self, fd: i32) -> Result<DmaBuf> {
        self.fds.lock().get(&fd).cloned().ok_or(Errno::EBADF)
    }

    /// Another thread of it changes protections all the time, or stops: what is read of the address space meanwhile is stale.
    pub fn set_churning(&self, churning: bool) {
        self.churning.store(churning, Ordering::SeqCst);
    }

    /// Looks up what is mapped in a range, faulting it in (`hmm_range_fault`). `EFAULT`; `EBUSY` when mappings changed meanwhile.
    pub(crate) fn range_fault(&self, start: u64, len: u64) -> Result {
        for page in 0..len.div_ceil(PAGE_SIZE) {
            self.process.translate(start + page * PAGE_SIZE, false)?;
        }
        if self.churning.load(Ordering::SeqCst) {
            return Err(Errno::EBUSY);
        }
        Ok(())
    }
}

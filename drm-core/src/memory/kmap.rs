//! Kernel mappings (`vmap`): frames from anywhere in RAM, stitched into one run of addresses.

#![expect(
    unsafe_code,
    reason = "maps ranges of the memfd into a reserved run of addresses"
)]

use std::sync::{Arc, RwLock};

use rustix::mm::{MapFlags, ProtFlags, mmap, mmap_anonymous};

use super::page::Page;
use super::ram::{Bytes, Ram};
use crate::PAGE_SIZE;
use crate::errno::{Errno, Result};

/// A mapped run of kernel addresses, as `vmap()` returns.
///
/// Holding it tells you where the pages were mapped; *not* that they still are: [`KernelMap::unmap`] ends the mapping for
/// every clone, and an access after that is refused (`EFAULT`, where the kernel would oops).
#[derive(Clone, Debug)]
pub struct KernelMap {
    mapping: Arc<RwLock<Option<Bytes>>>,
    address: u64,
    len: u64,
    /// Where in the mapping it begins.
    first: u64,
}

impl KernelMap {
    /// Maps `pages` in order. `ENOMEM` when the host has no room (`vmap()` returns null).
    ///
    /// Pages that follow each other in RAM are mapped by one call.
    pub fn new(ram: &Ram, pages: &[Page]) -> Result<Self> {
        let len = pages.len() * PAGE_SIZE as usize;
        if len == 0 {
            return Err(Errno::ENOMEM);
        }
        let prot = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: reserves a fresh range at an address that the host chooses.
        let start = unsafe {
            mmap_anonymous(
                std::ptr::null_mut(),
                len,
                ProtFlags::empty(),
                MapFlags::PRIVATE,
            )
        }
        .map_err(|_| Errno::ENOMEM)?;
        // SAFETY: the reserved range is ours alone; it becomes readable below, before anyone can see the value, and an
        // early return unmaps it through `Bytes`.
        let bytes = unsafe { Bytes::from_mapping(start.cast(), len) };
        let mut done = 0;
        while done < pages.len() {
            let first = pages[done].phys();
            let run = pages[done..]
                .iter()
                .enumerate()
                .take_while(|(i, page)| page.phys() == first + *i as u64 * PAGE_SIZE)
                .count();
            // SAFETY: `MAP_FIXED` replaces only pages of the range reserved above.
            unsafe {
                mmap(
                    start.cast::<u8>().add(done * PAGE_SIZE as usize).cast(),
                    run * PAGE_SIZE as usize,
                    prot,
                    MapFlags::SHARED | MapFlags::FIXED,
                    ram.fd(),
                    first - ram.base(),
                )
            }
            .map_err(|_| Errno::ENOMEM)?;
            done += run;
        }
        Ok(Self {
            mapping: Arc::new(RwLock::new(Some(bytes))),
            address: start as u64,
            len: len as u64,
            first: 0,
        })
    }

    /// A piece of the same mapping, from byte `at` on: what adding to its address gives. Unmapping it unmaps the whole. `None` where
    /// the mapping ends before.
    #[must_use]
    pub fn slice(&self, at: u64, len: u64) -> Option<Self> {
        let end = at.checked_add(len)?;
        (end <= self.len).then(|| Self {
            mapping: Arc::clone(&self.mapping),
            address: self.address + at,
            len,
            first: self.first + at,
        })
    }

    /// The first kernel address of the mapping.
    #[must_use]
    pub fn address(&self) -> u64 {
        self.address
    }

    /// Bytes mapped.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Never true: an empty run cannot be mapped.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether the mapping still stands.
    #[must_use]
    pub fn is_mapped(&self) -> bool {
        self.mapping.read().is_ok_and(|bytes| bytes.is_some())
    }

    /// Ends the mapping (`vunmap()`); later accesses through any clone are refused.
    pub fn unmap(&self) {
        if let Ok(mut bytes) = self.mapping.write() {
            *bytes = None;
        }
    }

    fn with<T>(&self, at: u64, len: usize, access: impl FnOnce(&Bytes, usize) -> T) -> Result<T> {
        let mapping = self.mapping.read().map_err(|_| Errno::EFAULT)?;
        let bytes = mapping.as_ref().ok_or(Errno::EFAULT)?;
        if at.checked_add(len as u64).is_none_or(|end| end > self.len) {
            return Err(Errno::EFAULT);
        }
        Ok(access(bytes, (self.first + at) as usize))
    }

    /// Copies from byte `at` of the mapping. `EFAULT` outside, or after [`KernelMap::unmap`].
    pub fn read(&self, at: u64, into: &mut [u8]) -> Result {
        self.with(at, into.len(), |bytes, at| bytes.read(at, into))
    }

    /// Copies to byte `at` of the mapping. `EFAULT` outside, or after [`KernelMap::unmap`].
    pub fn write(&self, at: u64, from: &[u8]) -> Result {
        self.with(at, from.len(), |bytes, at| bytes.write(at, from))
    }

    /// Sets `len` bytes from `at`. `EFAULT` outside, or after [`KernelMap::unmap`].
    pub fn fill(&self, at: u64, len: u64, value: u8) -> Result {
        self.with(at, len as usize, |bytes, at| {
            bytes.fill(at, len as usize, value)
        })
    }
}

//! RAM: one memfd, mapped once. A physical address is an offset into it plus the base of RAM.

#![expect(unsafe_code, reason = "maps the memfd and hands out byte views of it")]

use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};

use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

use crate::errno::{Errno, Result};

/// A run of mapped bytes that CPU, drivers and mock devices may touch at the same time.
///
/// Every access is a relaxed atomic one, as memory that a device shares must be: a race gives an old or a new
/// value, never undefined behaviour.
///
/// # Invariants
///
/// `ptr` is page aligned and `len` bytes from it stay mapped readable and writable for the life of the value.
#[derive(Debug)]
pub struct Bytes {
    ptr: *mut u8,
    len: usize,
}

// SAFETY: the bytes are only touched through atomics (see the accessors), which any thread may do.
unsafe impl Send for Bytes {}
// SAFETY: as above.
unsafe impl Sync for Bytes {}

impl Bytes {
    /// Takes over a mapping of `len` bytes at `ptr`.
    ///
    /// # Safety
    ///
    /// The invariants of the type must hold until the value is dropped, which unmaps the range.
    pub(super) unsafe fn from_mapping(ptr: *mut u8, len: usize) -> Self {
        // INVARIANT: by the caller's promise.
        Self { ptr, len }
    }

    /// Bytes mapped.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether the range has no byte.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    fn byte(&self, at: usize) -> &AtomicU8 {
        assert!(
            at < self.len,
            "access at {at:#x} beyond {:#x} mapped bytes",
            self.len
        );
        // SAFETY: `at < len`, and by the type invariant the byte is mapped while `self` lives.
        unsafe { &*self.ptr.add(at).cast::<AtomicU8>() }
    }

    /// The aligned 32-bit word at byte `at`.
    #[must_use]
    pub fn word32(&self, at: usize) -> &AtomicU32 {
        assert!(
            at.is_multiple_of(4) && at + 4 <= self.len,
            "32-bit access at {at:#x} of {:#x}",
            self.len
        );
        // SAFETY: in range and aligned (checked; `ptr` is page aligned), mapped by the type invariant.
        unsafe { &*self.ptr.add(at).cast::<AtomicU32>() }
    }

    /// The aligned 64-bit word at byte `at`.
    #[must_use]
    pub fn word64(&self, at: usize) -> &AtomicU64 {
        assert!(
            at.is_multiple_of(8) && at + 8 <= self.len,
            "64-bit access at {at:#x} of {:#x}",
            self.len
        );
        // SAFETY: in range and aligned (checked; `ptr` is page aligned), mapped by the type invariant.
        unsafe { &*self.ptr.add(at).cast::<AtomicU64>() }
    }

    /// Copies bytes from `at` into `into`.
    pub fn read(&self, at: usize, into: &mut [u8]) {
        let mut done = 0;
        while done < into.len() {
            let here = at + done;
            if here.is_multiple_of(8) && into.len() - done >= 8 {
                let word = self.word64(here).load(Ordering::Relaxed);
                into[done..done + 8].copy_from_slice(&word.to_ne_bytes());
                done += 8;
            } else {
                into[done] = self.byte(here).load(Ordering::Relaxed);
                done += 1;
            }
        }
    }

    /// Copies `from` to the bytes from `at`.
    pub fn write(&self, at: usize, from: &[u8]) {
        let mut done = 0;
        while done < from.len() {
            let here = at + done;
            if let (true, Some(word)) = (here.is_multiple_of(8), from[done..].first_chunk::<8>()) {
                self.word64(here)
                    .store(u64::from_ne_bytes(*word), Ordering::Relaxed);
                done += 8;
            } else {
                self.byte(here).store(from[done], Ordering::Relaxed);
                done += 1;
            }
        }
    }

    /// Sets `len` bytes from `at` to `value`.
    pub fn fill(&self, at: usize, len: usize, value: u8) {
        let word = u64::from_ne_bytes([value; 8]);
        let mut here = at;
        while here < at + len {
            if here.is_multiple_of(8) && at + len - here >= 8 {
                self.word64(here).store(word, Ordering::Relaxed);
                here += 8;
            } else {
                self.byte(here).store(value, Ordering::Relaxed);
                here += 1;
            }
        }
    }
}

impl Drop for Bytes {
    fn drop(&mut self) {
        if self.len != 0 {
            // SAFETY: the range was mapped by whoever built the value, and no borrow of it is left.
            // A failure leaves the range mapped, which leaks address space and nothing else.
            let _ = unsafe { munmap(self.ptr.cast(), self.len) };
        }
    }
}

/// The RAM of a machine.
///
/// Physical addresses run from `base` to `base + size`. Reading outside is a bug of the model (a real bus would
/// answer with an abort), so it panics; a device that follows a wild pointer asks [`Ram::contains`] first.
#[derive(Debug)]
pub struct Ram {
    fd: OwnedFd,
    base: u64,
    bytes: Bytes,
}

impl Ram {
    /// `size` bytes of RAM at physical address `base`. `ENOMEM` when the host refuses the mapping.
    pub fn new(base: u64, size: u64) -> Result<Self> {
        let len = usize::try_from(size).map_err(|_| Errno::EINVAL)?;
        let fd = memfd_create("ram", MemfdFlags::CLOEXEC).map_err(|_| Errno::ENOMEM)?;
        ftruncate(&fd, size).map_err(|_| Errno::ENOMEM)?;
        // SAFETY: a fresh mapping at an address that the host chooses; it aliases nothing of ours.
        let ptr = unsafe {
            mmap(
                std::ptr::null_mut(),
                len,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::SHARED,
                &fd,
                0,
            )
        }
        .map_err(|_| Errno::ENOMEM)?;
        // SAFETY: the range was just mapped readable and writable, page aligned, and only `Bytes` unmaps it.
        let bytes = unsafe { Bytes::from_mapping(ptr.cast(), len) };
        Ok(Self { fd, base, bytes })
    }

    /// The first physical address.
    #[must_use]
    pub fn base(&self) -> u64 {
        self.base
    }

    /// Bytes of RAM.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Whether `len` bytes at physical address `pa` are RAM.
    #[must_use]
    pub fn contains(&self, pa: u64, len: u64) -> bool {
        pa >= self.base
            && pa
                .checked_add(len)
                .is_some_and(|end| end <= self.base + self.size())
    }

    pub(super) fn fd(&self) -> &OwnedFd {
        &self.fd
    }

    fn at(&self, pa: u64) -> usize {
        assert!(
            pa >= self.base,
            "physical address {pa:#x} below RAM at {:#x}",
            self.base
        );
        (pa - self.base) as usize
    }

    /// Copies from physical address `pa`.
    pub fn read(&self, pa: u64, into: &mut [u8]) {
        self.bytes.read(self.at(pa), into);
    }

    /// Copies to physical address `pa`.
    pub fn write(&self, pa: u64, from: &[u8]) {
        self.bytes.write(self.at(pa), from);
    }

    /// Sets `len` bytes at `pa`.
    pub fn fill(&self, pa: u64, len: u64, value: u8) {
        self.bytes.fill(self.at(pa), len as usize, value);
    }

    /// The aligned 32-bit word at `pa`, in host byte order (the machine is little-endian as all of them are).
    #[must_use]
    pub fn read_u32(&self, pa: u64) -> u32 {
        self.bytes.word32(self.at(pa)).load(Ordering::Relaxed)
    }

    /// Stores an aligned 32-bit word.
    pub fn write_u32(&self, pa: u64, value: u32) {
        self.bytes
            .word32(self.at(pa))
            .store(value, Ordering::Relaxed);
    }

    /// The aligned 64-bit word at `pa`.
    #[must_use]
    pub fn read_u64(&self, pa: u64) -> u64 {
        self.bytes.word64(self.at(pa)).load(Ordering::Relaxed)
    }

    /// Stores an aligned 64-bit word.
    pub fn write_u64(&self, pa: u64, value: u64) {
        self.bytes
            .word64(self.at(pa))
            .store(value, Ordering::Relaxed);
    }
}

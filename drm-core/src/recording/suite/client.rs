//! What the guest program did system calls with: ioctls by number, and errnos as text.

use crate::device::{File, IoctlNr, core_nr};
use crate::errno::{Errno, Result};
use crate::mmap::Process;
use crate::prime::DmaBuf;

/// `O_RDWR`.
pub(super) const RDWR: u32 = 2;
/// `O_CLOEXEC`.
pub(super) const CLOEXEC: u32 = 0o2_000_000;

/// The errno as the guest printed it; 0 for none.
pub(super) fn en<T>(result: &Result<T>) -> String {
    match result {
        Ok(_) => "0".into(),
        Err(errno) => errno.to_string(),
    }
}

/// `ok`, or the errno.
pub(super) fn ok<T>(result: &Result<T>) -> String {
    match result {
        Ok(_) => "ok".into(),
        Err(errno) => errno.to_string(),
    }
}

fn call<const N: usize>(file: &File, number: IoctlNr, words: &mut [u32; N]) -> Result {
    let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    let result = file.ioctl(number.raw(), &mut bytes);
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks::<4>().0) {
        *word = u32::from_ne_bytes(*bytes);
    }
    result
}

fn wide(low: u32, high: u32) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

/// What a dumb buffer became.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Dumb {
    pub(super) handle: u32,
    pub(super) pitch: u32,
    pub(super) size: u64,
}

pub(super) fn dumb(file: &File, w: u32, h: u32, bpp: u32, flags: u32) -> (Result, Dumb) {
    let mut arg = [h, w, bpp, flags, 0, 0, 0, 0];
    let result = call(file, core_nr::MODE_CREATE_DUMB, &mut arg);
    let dumb = Dumb {
        handle: arg[4],
        pitch: arg[5],
        size: wide(arg[6], arg[7]),
    };
    (result, dumb)
}

/// A dumb buffer of 64 x 64 pixels of 4 bytes.
pub(super) fn square(file: &File) -> Dumb {
    let (result, dumb) = dumb(file, 64, 64, 32, 0);
    result.expect("a small buffer can be made");
    dumb
}

pub(super) fn map(file: &File, handle: u32) -> (Result, u64) {
    let mut arg = [handle, 0, 0, 0];
    let result = call(file, core_nr::MODE_MAP_DUMB, &mut arg);
    (result, wide(arg[2], arg[3]))
}

pub(super) fn destroy(file: &File, handle: u32) -> Result {
    call(file, core_nr::MODE_DESTROY_DUMB, &mut [handle])
}

pub(super) fn close(file: &File, handle: u32) -> Result {
    call(file, core_nr::GEM_CLOSE, &mut [handle, 0])
}

pub(super) fn flink(file: &File, handle: u32) -> (Result, u32) {
    let mut arg = [handle, 0];
    let result = call(file, core_nr::GEM_FLINK, &mut arg);
    (result, arg[1])
}

pub(super) fn open_name(file: &File, name: u32) -> (Result, u32, u64) {
    let mut arg = [name, 0, 0, 0];
    let result = call(file, core_nr::GEM_OPEN, &mut arg);
    (result, arg[1], wide(arg[2], arg[3]))
}

pub(super) fn handle_to_fd(file: &File, handle: u32, flags: u32) -> Result<DmaBuf> {
    file.handle_to_fd(handle, flags)
}

pub(super) fn fd_to_handle(file: &File, dma_buf: &DmaBuf) -> (Result, u32) {
    match file.import(dma_buf) {
        Ok(handle) => (Ok(()), handle),
        Err(errno) => (Err(errno), 0),
    }
}

/// One byte read by the kernel on behalf of the process.
pub(super) fn peek(process: &Process, addr: u64) -> String {
    match process.read_byte(addr) {
        Ok(byte) => format!("{byte:#04x}"),
        Err(errno) => errno.to_string(),
    }
}

/// One access by a forked child: the byte read (0 for a write), or the signal that ended it.
pub(super) fn touch(process: &Process, addr: u64, write: Option<u8>) -> String {
    let child = process.fork();
    let result = match write {
        Some(value) => child.write(addr, &[value]).map(|()| 0),
        None => child.read_byte(addr),
    };
    let allowed = |vma: &crate::mmap::Vma| write.is_none() || vma.prot().writes();
    match result {
        Ok(byte) => format!("{byte:#04x}"),
        Err(Errno::EFAULT) if child.vma(addr).is_some_and(|vma| allowed(&vma)) => "SIGBUS".into(),
        Err(_) => "SIGSEGV".into(),
    }
}

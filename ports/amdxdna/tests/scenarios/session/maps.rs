//! What the process has mapped.

use drm_core::machine::Fail;
use drm_core::mmap::{Process, Prot, Sharing};
use port_amdxdna::CHUNK;
use port_kit::trace::outcome;

use super::bos::address;
use super::{Bo, Session};

impl Session {
    /// Maps `len` bytes of a BO from byte `from` of it on.
    pub(crate) fn try_map_at(&mut self, bo: Bo, len: u64, from: u64) -> Option<u64> {
        let file = self.file(bo.fd);
        let offset = file
            .lookup(bo.handle)
            .and_then(|object| object.gem().node().offset())
            .unwrap_or(0);
        let result =
            self.task()
                .process()
                .mmap(&file, len, Prot::ReadWrite, Sharing::Shared, offset + from);
        let answer = match &result {
            Ok(at) => format!("at {at:#x}"),
            Err(_) => outcome(&result),
        };
        self.record(format_args!("map {len:#x} of {bo} from {from:#x}"), answer);
        result.ok()
    }

    pub(crate) fn try_map(&mut self, bo: Bo, len: u64) -> Option<u64> {
        self.try_map_at(bo, len, 0)
    }

    pub(crate) fn map(&mut self, bo: Bo, len: u64) -> u64 {
        self.try_map(bo, len).expect("it can be mapped")
    }

    /// Unmaps, and lets the queue of the notifiers run.
    pub(crate) fn unmap(&mut self, at: u64, len: u64) {
        let result = self.task().process().munmap(at, len);
        self.machine.sleep(1_000_000);
        self.record(format_args!("unmap {len:#x} at {at:#x}"), outcome(&result));
    }

    /// Changes what a mapping is for, there and back.
    pub(crate) fn protect(&mut self, at: u64, len: u64) {
        let before = self.machine.clock().now();
        let process = self.task().process();
        let result = process
            .mprotect(at, len, Prot::Read)
            .and_then(|()| process.mprotect(at, len, Prot::ReadWrite));
        let waited = (self.machine.clock().now() - before) / 1_000_000;
        self.record(
            format_args!("mprotect {len:#x} at {at:#x}, twice"),
            format_args!("{} after {waited} ms", outcome(&result)),
        );
    }

    pub(crate) fn dontneed(&mut self, at: u64, len: u64) {
        let result = self.task().process().madvise_dontneed(at, len);
        self.record(
            format_args!("MADV_DONTNEED {len:#x} at {at:#x}"),
            outcome(&result),
        );
    }

    /// Memory of the process itself.
    pub(crate) fn anonymous(&mut self, len: u64) -> u64 {
        let at = self.task().process().mmap_anonymous(len);
        let at = at.expect("there is memory");
        self.record(format_args!("memory of the process, {len:#x}"), address(at));
        at
    }

    pub(crate) fn write(&mut self, at: u64, bytes: &[u8]) {
        let result = self.task().process().write(at, bytes);
        self.record(format_args!("write {bytes:?} at {at:#x}"), outcome(&result));
    }

    pub(crate) fn read(&mut self, at: u64, len: usize) {
        let mut bytes = vec![0; len];
        let result = self.task().process().read(at, &mut bytes);
        let answer = match result {
            Ok(()) => format!("{bytes:?}"),
            Err(_) => outcome(&result),
        };
        self.record(format_args!("read {len} at {at:#x}"), answer);
    }

    /// Entries of the mapping at an address.
    pub(crate) fn entries(&mut self, at: u64) {
        let vma = self.task().process().vma(at);
        let answer = vma.map_or("nothing mapped".to_owned(), |vma| {
            format!("{} of {} pages", vma.mapped_pages(), vma.pages())
        });
        self.record(format_args!("entries of the mapping at {at:#x}"), answer);
    }

    /// The next page table of a process cannot be had.
    pub(crate) fn no_page_table(&mut self) {
        self.heading("there is no page for a page table of the process");
        self.fail(Fail::TableAlloc, 1);
    }

    /// Maps two chunks one after the other (`MAP_FIXED` in a range that was reserved).
    pub(crate) fn map_side_by_side(&mut self, first: Bo, second: Bo) {
        let low = self.map(first, CHUNK);
        let file = self.file(second.fd);
        let object = file.lookup(second.handle).expect("it is there");
        let offset = object.gem().node().offset().expect("it can be mapped");
        drop(object);
        let at = low + CHUNK;
        let process = self.task().process();
        let (prot, sharing) = (Prot::ReadWrite, Sharing::Shared);
        let result = process.mmap_fixed(at, &file, CHUNK, prot, sharing, offset);
        self.record(format_args!("map {second} right after"), outcome(&result));
    }

    /// A child does something, and exits.
    pub(crate) fn fork(&mut self, act: impl FnOnce(&Process)) {
        let child = self.task().process().fork();
        act(&child);
        drop(child);
        self.machine.sleep(1_000_000);
        self.record("a child comes and goes", "ok");
    }
}

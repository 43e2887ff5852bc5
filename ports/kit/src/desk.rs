//! A process at a machine: the files, mappings and buffers of a scenario, by number, and what is done to them, recorded.
//!
//! A port's session is a desk with a device on it: it dereferences to the desk, and adds what is the device's own.

use std::collections::BTreeMap;
use std::fmt;

use drm_core::device::File;
use drm_core::errno::Result;
use drm_core::machine::{Fail, Machine};
use drm_core::mmap::{Process, Prot, Sharing};
use drm_core::prime::DmaBuf;

use crate::Trace;
use crate::trace::outcome;
use crate::vgem::Vgem;

/// A file, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fd(pub usize);

/// A dma-buf, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Buf(pub usize);

/// A mapping of the process: its first address, and bytes.
#[derive(Clone, Copy, Debug)]
pub struct Mapped {
    /// First address.
    pub at: u64,
    /// Bytes.
    pub len: u64,
}

/// A machine, a process, what it has open, and the trace of it.
#[derive(Debug)]
pub struct Desk {
    /// The machine.
    pub machine: Machine,
    /// The process.
    pub process: Process,
    /// Another device.
    pub vgem: Vgem,
    /// What was done, and what came of it.
    pub trace: Trace,
    files: BTreeMap<Fd, File>,
    buffers: BTreeMap<Buf, DmaBuf>,
    /// Handles of the other device, for buffers that it keeps.
    kept: BTreeMap<Buf, u32>,
    opened: usize,
    exported: usize,
}

impl Desk {
    /// A process at `machine`, with nothing open. Errors of opening vgem.
    pub fn new(machine: &Machine) -> Result<Self> {
        Ok(Self {
            process: Process::new(machine),
            vgem: Vgem::new(machine)?,
            trace: Trace::default(),
            files: BTreeMap::new(),
            buffers: BTreeMap::new(),
            kept: BTreeMap::new(),
            opened: 0,
            exported: 0,
            machine: machine.clone(),
        })
    }

    /// Whether a file was opened, ever.
    #[must_use]
    pub fn is_used(&self) -> bool {
        self.opened > 0
    }

    /// Records an operation and its answer.
    pub fn record(&mut self, operation: impl fmt::Display, answer: impl fmt::Display) {
        self.trace.record(&self.machine, operation, answer);
    }

    /// Adds what the kernel log said meanwhile.
    pub fn log(&mut self) {
        self.trace.log(&self.machine);
    }

    /// Says what comes next.
    pub fn heading(&mut self, text: &str) {
        self.trace.heading(text);
    }

    /// The `nth` chance of `what` to fail, from now on, is taken.
    pub fn fail(&mut self, what: Fail, nth: u64) {
        self.machine.failpoints().fail_nth(what, nth);
        self.trace
            .line(format_args!("{what:?} number {nth} will fail"));
    }

    /// Every chance of `what` to fail is taken, from the `nth` from now on.
    pub fn fail_from(&mut self, what: Fail, nth: u64) {
        self.machine.failpoints().fail_from(what, nth);
        self.trace
            .line(format_args!("{what:?} will fail from number {nth} on"));
    }

    /// Nothing fails any more.
    pub fn stop_failing(&mut self) {
        self.machine.failpoints().disarm();
        self.trace.line("nothing fails any more");
    }

    /// Numbers an open file.
    pub fn add_file(&mut self, file: File) -> Fd {
        let fd = Fd(self.opened);
        self.opened += 1;
        self.files.insert(fd, file);
        fd
    }

    /// An open file.
    ///
    /// # Panics
    ///
    /// If it is closed.
    #[must_use]
    pub fn file(&self, fd: Fd) -> File {
        self.files.get(&fd).expect("it is open").clone()
    }

    /// What is open.
    pub fn files(&self) -> impl Iterator<Item = (Fd, &File)> {
        self.files.iter().map(|(fd, file)| (*fd, file))
    }

    /// Closes a file.
    ///
    /// # Panics
    ///
    /// If it is closed.
    pub fn close_file(&mut self, fd: Fd) {
        drop(self.files.remove(&fd).expect("it is open"));
        self.record(format_args!("close file {}", fd.0), "ok");
    }

    /// Unmaps a mapping.
    pub fn unmap(&mut self, map: Mapped) {
        let result = self.process.munmap(map.at, map.len);
        self.record("munmap", outcome(&result));
    }

    /// Reads a byte of a mapping.
    pub fn read(&mut self, map: Mapped, at: u64) {
        let byte = self.process.read_byte(map.at + at);
        let text = byte.map_or("SIGBUS".to_owned(), |byte| format!("{byte:#04x}"));
        self.record(format_args!("cpu reads +{at:#x}"), text);
    }

    /// Writes a byte of a mapping.
    pub fn write(&mut self, map: Mapped, at: u64, byte: u8) {
        let result = self.process.write(map.at + at, &[byte]);
        let text = result.map_or("SIGBUS", |()| "ok");
        self.record(format_args!("cpu writes +{at:#x} {byte:#04x}"), text);
    }

    /// Numbers a buffer.
    pub fn add_buffer(&mut self, buffer: DmaBuf) -> Buf {
        let buf = Buf(self.exported);
        self.exported += 1;
        self.buffers.insert(buf, buffer);
        buf
    }

    /// A buffer.
    ///
    /// # Panics
    ///
    /// If it is closed.
    #[must_use]
    pub fn buffer(&self, buf: Buf) -> DmaBuf {
        self.buffers.get(&buf).expect("it is exported").clone()
    }

    /// `PRIME_HANDLE_TO_FD` of a handle in a file.
    ///
    /// # Panics
    ///
    /// If it is refused.
    pub fn export_handle(&mut self, fd: Fd, handle: u32) -> Buf {
        let exported = self.file(fd).export(handle, true);
        let answer = outcome(&exported);
        let buf = self.add_buffer(exported.expect("it is exported"));
        self.record(
            format_args!("export {}:{handle} as buffer {}", fd.0, buf.0),
            answer,
        );
        buf
    }

    /// `PRIME_FD_TO_HANDLE`; the answer is recorded, if it is a handle with what `more` says of it.
    ///
    /// # Errors
    ///
    /// Those of the import.
    pub fn import_handle(
        &mut self,
        fd: Fd,
        buf: Buf,
        more: impl FnOnce(&File, u32) -> String,
    ) -> Result<u32> {
        let buffer = self.buffer(buf);
        let file = self.file(fd);
        let imported = file.import(&buffer);
        drop(buffer);
        let answer = match &imported {
            Ok(handle) => format!("ok handle={handle}{}", more(&file, *handle)),
            Err(error) => format!("{error:?}"),
        };
        drop(file);
        self.record(
            format_args!("import buffer {} into file {}", buf.0, fd.0),
            answer,
        );
        imported
    }

    /// Gives the descriptor of a buffer up.
    pub fn close_buffer(&mut self, buf: Buf) {
        drop(self.buffers.remove(&buf));
        self.record(format_args!("close buffer {}", buf.0), "ok");
    }

    /// A buffer of the other device, which has no handle to it any more.
    ///
    /// # Panics
    ///
    /// If there is no room for it.
    pub fn foreign_buffer(&mut self, pages: u32) -> Buf {
        let (handle, buffer) = self.vgem.export(pages).expect("vgem exports");
        self.vgem.close(handle).expect("it has the handle");
        self.add_foreign(pages, buffer)
    }

    /// A buffer of the other device, which keeps its handle until the end.
    ///
    /// # Panics
    ///
    /// If there is no room for it.
    pub fn kept_foreign_buffer(&mut self, pages: u32) -> Buf {
        let (handle, buffer) = self.vgem.export(pages).expect("vgem exports");
        let buf = self.add_foreign(pages, buffer);
        self.kept.insert(buf, handle);
        buf
    }

    fn add_foreign(&mut self, pages: u32, buffer: DmaBuf) -> Buf {
        let buf = self.add_buffer(buffer);
        self.record(
            format_args!("vgem exports {pages} pages as buffer {}", buf.0),
            "ok",
        );
        buf
    }

    /// The other device imports a buffer.
    pub fn attach(&mut self, buf: Buf) {
        let attached = self.vgem.import(&self.buffers[&buf]);
        let answer = outcome(&attached);
        if let Ok(handle) = attached {
            self.kept.insert(buf, handle);
        }
        self.record(format_args!("vgem imports buffer {}", buf.0), answer);
    }

    /// The other device gives a buffer up.
    ///
    /// # Panics
    ///
    /// If it has no handle to it.
    pub fn detach(&mut self, buf: Buf) {
        let handle = self.kept.remove(&buf).expect("it is imported");
        let result = self.vgem.close(handle);
        self.record(
            format_args!("vgem gives buffer {} up", buf.0),
            outcome(&result),
        );
    }

    /// Maps the start of a buffer, by its own descriptor.
    ///
    /// # Errors
    ///
    /// Those of `mmap()`.
    pub fn map_dma_buf(&mut self, buf: Buf, len: u64) -> Result<Mapped> {
        let buffer = self.buffer(buf);
        let mapped = self
            .process
            .mmap_dma_buf(&buffer, len, Prot::ReadWrite, Sharing::Shared, 0);
        mapped.map(|at| Mapped { at, len })
    }

    /// The process exits: mappings, then handles of the other device, files, buffers. The trace goes on.
    ///
    /// # Panics
    ///
    /// If the other device has lost a handle.
    #[must_use]
    pub fn exit(self) -> (Machine, Trace) {
        drop(self.process);
        for handle in self.kept.into_values() {
            self.vgem.close(handle).expect("it is imported");
        }
        drop(self.files);
        drop(self.buffers);
        (self.machine, self.trace)
    }
}

/// What is held by whoever.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    objects: usize,
    frames: u64,
    tables: u64,
    vmaps: u64,
    dma: u64,
}

impl Held {
    /// What is held now; `objects` are those of the device.
    #[must_use]
    pub fn of(machine: &Machine, objects: usize) -> Self {
        let counts = machine.counters().snapshot();
        Self {
            objects,
            frames: machine.frames().stats().used,
            tables: counts.tables_allocated - counts.tables_freed,
            vmaps: counts.vmaps - counts.vunmaps,
            dma: counts.dma_mapped - counts.dma_unmapped,
        }
    }

    /// What is held beyond `other`, in words.
    #[must_use]
    pub fn beyond(&self, other: &Self) -> String {
        format!(
            "objects={} pages={} tables={} kernel mappings={} dma segments={}",
            self.objects - other.objects,
            self.pages_beyond(other),
            self.tables - other.tables,
            self.vmaps - other.vmaps,
            self.segments_beyond(other),
        )
    }

    /// Pages that are not of page tables, beyond `other`.
    #[must_use]
    pub fn pages_beyond(&self, other: &Self) -> u64 {
        (self.frames - other.frames) - (self.tables - other.tables)
    }

    /// Segments mapped for devices, beyond `other`.
    #[must_use]
    pub fn segments_beyond(&self, other: &Self) -> u64 {
        self.dma - other.dma
    }
}

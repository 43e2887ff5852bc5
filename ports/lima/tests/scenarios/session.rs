//! A session with the device: every operation goes through the uAPI or the hardware, and records what it showed.

mod jobs;
mod look;
mod share;

use bytemuck::Zeroable;
use drm_core::PAGE_SIZE;
use drm_core::device::{Device, File, IoctlNr};
use drm_core::errno::Result;
use drm_core::machine::{Config as MachineConfig, Machine};
use drm_core::mmap::{Process, Prot, Sharing};
use drm_core::prime::DmaBuf;
use drm_core::sync::Arc;
use port_kit::trace::{ioctl, outcome};
use port_kit::vgem::Vgem;
use port_kit::{Side, Trace};
use port_lima::uapi::{self, nr};
use port_lima::{Config, Lima, memory, probe};

/// A file, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fd(usize);

/// A handle of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bo {
    pub(crate) fd: Fd,
    pub(crate) handle: u32,
    pub(crate) va: u32,
}

/// A mapping of the process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mapped {
    at: u64,
    len: u64,
}

/// A dma-buf, by number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Buf(usize);

/// One machine with the device, and what is open.
pub(crate) struct Session {
    side: Side,
    machine: Machine,
    device: Device,
    lima: Arc<Lima>,
    process: Process,
    files: Vec<Option<File>>,
    buffers: Vec<Option<DmaBuf>>,
    vgem: Vgem,
    /// Frames in use before anything was opened.
    frames: u64,
    trace: Trace,
}

impl port_kit::Session for Session {
    const DEFECTS: &'static str = include_str!("../../DEFECTS.md");

    fn start(side: Side) -> Option<Self> {
        Self::on(side, Config::default())
    }

    fn finish(mut self) -> String {
        self.trace.heading("end");
        self.machine.sleep(30_000_000_000);
        self.trace.log(&self.machine);
        drop(self.process);
        self.files.clear();
        self.buffers.clear();
        self.trace.log(&self.machine);
        self.trace.line(format_args!(
            "left: {} objects, {} frames",
            self.device.object_count(),
            self.machine.frames().stats().used - self.frames,
        ));
        self.trace.into_text()
    }
}

impl Session {
    fn on(side: Side, config: Config) -> Option<Self> {
        let machine = Machine::new(MachineConfig {
            ram: 64 << 20,
            ..MachineConfig::default()
        })
        .expect("the host has the RAM");
        let (device, lima) = probe(&machine, memory(side)?, config).expect("there is room");
        let vgem = Vgem::new(&machine).expect("vgem opens");
        let frames = machine.frames().stats().used;
        Some(Self {
            side,
            process: Process::new(&machine),
            device,
            lima,
            files: Vec::new(),
            buffers: Vec::new(),
            vgem,
            frames,
            trace: Trace::default(),
            machine,
        })
    }

    /// Begins again with another device or other parameters, before anything was done.
    pub(crate) fn rebuild(&mut self, config: Config) {
        assert!(self.files.is_empty(), "the session is under way");
        *self = Self::on(self.side, config).expect("the side is there");
    }

    fn record(&mut self, operation: impl std::fmt::Display, answer: impl std::fmt::Display) {
        self.trace.record(&self.machine, operation, answer);
    }

    /// Says what comes next.
    pub(crate) fn heading(&mut self, text: &str) {
        self.trace.heading(text);
    }

    fn file(&self, fd: Fd) -> File {
        self.files[fd.0].clone().expect("it is open")
    }

    /// Opens the device.
    pub(crate) fn open(&mut self) -> Fd {
        let file = self.device.open().expect("it opens");
        self.files.push(Some(file));
        let fd = Fd(self.files.len() - 1);
        self.record("open", format_args!("file {}", fd.0));
        fd
    }

    /// Closes a file.
    pub(crate) fn close_file(&mut self, fd: Fd) {
        let file = self.files[fd.0].take();
        drop(file);
        self.record(format_args!("close file {}", fd.0), "ok");
    }

    /// GEM_CREATE with any arguments.
    pub(crate) fn create_with(&mut self, fd: Fd, size: u32, flags: u32, pad: u32) -> Result<Bo> {
        let mut args = uapi::GemCreate {
            size,
            flags,
            handle: 0,
            pad,
        };
        let number = IoctlNr::driver(nr::GEM_CREATE, size_of_val(&args));
        let result = ioctl(&self.file(fd), number, &mut args);
        let bo = result.map(|()| Bo {
            fd,
            handle: args.handle,
            va: self.info(fd, args.handle).map_or(0, |info| info.va),
        });
        let what = match flags {
            0 => "create".to_owned(),
            uapi::BO_FLAG_HEAP => "create a heap of".to_owned(),
            flags => format!("create with flags {flags}"),
        };
        let pad = if pad == 0 { "" } else { " with a pad" };
        let answer = match &bo {
            Ok(bo) => format!("handle {} at {:#x}", bo.handle, bo.va),
            Err(error) => format!("{error:?}"),
        };
        self.record(format_args!("file {}: {what} {size:#x}{pad}", fd.0), answer);
        bo
    }

    /// An object that works.
    pub(crate) fn create(&mut self, fd: Fd, size: u32) -> Bo {
        self.create_with(fd, size, 0, 0).expect("it is created")
    }

    /// A heap that works.
    pub(crate) fn create_heap(&mut self, fd: Fd, size: u32) -> Bo {
        self.create_with(fd, size, uapi::BO_FLAG_HEAP, 0)
            .expect("it is created")
    }

    fn info(&self, fd: Fd, handle: u32) -> Result<uapi::GemInfo> {
        let mut args = uapi::GemInfo {
            handle,
            ..Zeroable::zeroed()
        };
        let number = IoctlNr::driver(nr::GEM_INFO, size_of_val(&args));
        ioctl(&self.file(fd), number, &mut args).map(|()| args)
    }

    /// GEM_INFO.
    pub(crate) fn address(&mut self, bo: Bo) {
        let answer = match self.info(bo.fd, bo.handle) {
            Ok(info) => format!("{:#x}, to be mapped at {:#x}", info.va, info.offset),
            Err(error) => format!("{error:?}"),
        };
        self.record(
            format_args!("file {}: where is handle {}", bo.fd.0, bo.handle),
            answer,
        );
    }

    /// GEM_CLOSE.
    pub(crate) fn close(&mut self, bo: Bo) {
        let result = self.file(bo.fd).handle_delete(bo.handle);
        self.record(
            format_args!("file {}: close handle {}", bo.fd.0, bo.handle),
            outcome(&result),
        );
    }

    /// `mmap()` of `pages` pages at the object's offset.
    pub(crate) fn map_with(&mut self, bo: Bo, pages: u64, sharing: Sharing) -> Result<Mapped> {
        let len = pages * PAGE_SIZE;
        let mapped = self.info(bo.fd, bo.handle).and_then(|info| {
            let file = self.file(bo.fd);
            self.process
                .mmap(&file, len, Prot::ReadWrite, sharing, info.offset)
        });
        self.record(
            format_args!("map handle {}: {pages} pages {sharing:?}", bo.handle),
            outcome(&mapped),
        );
        mapped.map(|at| Mapped { at, len })
    }

    /// A shared mapping that works.
    pub(crate) fn map(&mut self, bo: Bo, pages: u64) -> Mapped {
        self.map_with(bo, pages, Sharing::Shared)
            .expect("it is mapped")
    }

    /// `munmap()`.
    pub(crate) fn unmap(&mut self, map: Mapped) {
        let result = self.process.munmap(map.at, map.len);
        self.record("unmap", outcome(&result));
    }

    /// The CPU writes a byte.
    pub(crate) fn cpu_write(&mut self, map: Mapped, at: u64, byte: u8) {
        let result = self.process.write(map.at + at, &[byte]);
        self.record(
            format_args!("CPU writes {byte:#x} at {at:#x}"),
            outcome(&result),
        );
    }

    /// The CPU reads a byte.
    pub(crate) fn cpu_read(&mut self, map: Mapped, at: u64) {
        let answer = match self.process.read_byte(map.at + at) {
            Ok(byte) => format!("{byte:#x}"),
            Err(error) => format!("{error:?}"),
        };
        self.record(format_args!("CPU reads at {at:#x}"), answer);
    }

    /// GEM_WAIT, `ns` nanoseconds from now; `None` is a time long past.
    pub(crate) fn wait(&mut self, fd: Fd, handle: u32, op: u32, ns: Option<u64>) {
        let deadline = ns.map_or(0, |ns| self.machine.clock().now() + ns);
        let mut args = uapi::GemWait {
            handle,
            op,
            timeout_ns: deadline as i64,
        };
        let number = IoctlNr::driver(nr::GEM_WAIT, size_of_val(&args));
        let result = ioctl(&self.file(fd), number, &mut args);
        let until = ns.map_or("not at all".to_owned(), |ns| format!("{ns} ns"));
        self.record(
            format_args!("wait for handle {handle}, op {op}, {until}"),
            outcome(&result),
        );
    }

    /// Lets time pass; work items and interrupts run.
    pub(crate) fn sleep(&mut self, ms: u64) {
        self.machine.sleep(ms * 1_000_000);
        self.record(format_args!("sleep {ms} ms"), "ok");
    }
}

//! A session with the device: every operation goes through the uAPI or the hardware, and records what it showed.

mod jobs;
mod look;
mod share;

use bytemuck::Zeroable;
use drm_core::PAGE_SIZE;
use drm_core::device::{Device, File};
use drm_core::errno::Result;
use drm_core::machine::{Config as MachineConfig, Machine};
use drm_core::mmap::{Process, Prot, Sharing};
use drm_core::prime::DmaBuf;
use drm_core::sync::Arc;
use port_kit::trace::{ioctl, outcome};
use port_kit::vgem::Vgem;
use port_kit::{Side, Trace};
use port_v3d::uapi::{self, nr};
use port_v3d::{Config, V3d, memory, probe};

pub(crate) use jobs::Cpu;

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
    v3d: Arc<V3d>,
    process: Process,
    files: Vec<Option<File>>,
    buffers: Vec<Option<DmaBuf>>,
    vgem: Vgem,
    /// Frames in use before anything was opened.
    frames: u64,
    flushes: u32,
    trace: Trace,
}

impl port_kit::Session for Session {
    const DEFECTS: &'static str = include_str!("../../DEFECTS.md");

    fn start(side: Side) -> Option<Self> {
        Self::on(side, 64 << 20, Config::default(), false)
    }

    fn finish(mut self) -> String {
        self.trace.heading("end");
        self.machine.sleep(2_000_000_000);
        self.trace.log(&self.machine);
        drop(self.process);
        self.files.clear();
        self.buffers.clear();
        self.trace.log(&self.machine);
        let stats = self.v3d.stats();
        self.trace.line(format_args!(
            "left: {} objects of {} pages, {} entries, {} frames",
            stats.allocated,
            stats.pages,
            self.v3d.hw().view().leaves().count(),
            self.machine.frames().stats().used - self.frames,
        ));
        self.trace.into_text()
    }
}

impl Session {
    fn on(side: Side, ram: u64, config: Config, huge_pages: bool) -> Option<Self> {
        let machine = Machine::new(MachineConfig {
            ram,
            huge_pages,
            ..MachineConfig::default()
        })
        .expect("the host has the RAM");
        let (device, v3d) = probe(&machine, memory(side)?, config).expect("there is room");
        let vgem = Vgem::new(&machine).expect("vgem opens");
        let frames = machine.frames().stats().used;
        Some(Self {
            side,
            process: Process::new(&machine),
            flushes: v3d.hw().figures().flushes,
            device,
            v3d,
            files: Vec::new(),
            buffers: Vec::new(),
            vgem,
            frames,
            trace: Trace::default(),
            machine,
        })
    }

    /// Begins again with another machine or device, before anything was done.
    pub(crate) fn rebuild(&mut self, ram: u64, config: Config, huge_pages: bool) {
        assert!(self.files.is_empty(), "the session is under way");
        *self = Self::on(self.side, ram, config, huge_pages).expect("the side is there");
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

    /// CREATE_BO with any arguments.
    pub(crate) fn create_with(&mut self, fd: Fd, size: u32, flags: u32) -> Result<Bo> {
        let mut args = uapi::CreateBo {
            size,
            flags,
            ..Zeroable::zeroed()
        };
        let number = drm_core::device::IoctlNr::driver(nr::CREATE_BO, size_of_val(&args));
        let result = ioctl(&self.file(fd), number, &mut args);
        let flags = match flags {
            0 => String::new(),
            flags => format!(" flags {flags}"),
        };
        let answer = match result {
            Ok(()) => format!("handle {} at {:#x}", args.handle, args.offset),
            Err(error) => format!("{error:?}"),
        };
        self.record(
            format_args!("file {}: create {size:#x}{flags}", fd.0),
            answer,
        );
        result.map(|()| Bo {
            fd,
            handle: args.handle,
            va: args.offset,
        })
    }

    /// CREATE_BO that works.
    pub(crate) fn create(&mut self, fd: Fd, size: u32) -> Bo {
        self.create_with(fd, size, 0).expect("it is created")
    }

    /// GEM_CLOSE.
    pub(crate) fn close(&mut self, bo: Bo) {
        let result = self.file(bo.fd).handle_delete(bo.handle);
        self.record(
            format_args!("file {}: close handle {}", bo.fd.0, bo.handle),
            outcome(&result),
        );
    }

    /// GET_BO_OFFSET.
    pub(crate) fn offset(&mut self, bo: Bo) {
        let mut args = uapi::GetBoOffset {
            handle: bo.handle,
            offset: 0,
        };
        let number = drm_core::device::IoctlNr::driver(nr::GET_BO_OFFSET, size_of_val(&args));
        let result = ioctl(&self.file(bo.fd), number, &mut args);
        let answer = match result {
            Ok(()) => format!("{:#x}", args.offset),
            Err(error) => format!("{error:?}"),
        };
        self.record(
            format_args!("file {}: where is handle {}", bo.fd.0, bo.handle),
            answer,
        );
    }

    /// MMAP_BO, then `mmap()` of `pages` pages.
    pub(crate) fn map_with(
        &mut self,
        bo: Bo,
        pages: u64,
        sharing: Sharing,
        through: Fd,
    ) -> Result<Mapped> {
        let mut args = uapi::MmapBo {
            handle: bo.handle,
            ..Zeroable::zeroed()
        };
        let number = drm_core::device::IoctlNr::driver(nr::MMAP_BO, size_of_val(&args));
        let len = pages * PAGE_SIZE;
        let mapped = ioctl(&self.file(bo.fd), number, &mut args).and_then(|()| {
            let file = self.file(through);
            self.process
                .mmap(&file, len, Prot::ReadWrite, sharing, args.offset)
        });
        let by = if through == bo.fd {
            String::new()
        } else {
            format!(" by file {}", through.0)
        };
        self.record(
            format_args!("map handle {}: {pages} pages {sharing:?}{by}", bo.handle),
            outcome(&mapped),
        );
        mapped.map(|at| Mapped { at, len })
    }

    /// A shared mapping that works.
    pub(crate) fn map(&mut self, bo: Bo, pages: u64) -> Mapped {
        self.map_with(bo, pages, Sharing::Shared, bo.fd)
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

    /// WAIT_BO.
    pub(crate) fn wait_with(&mut self, bo: Bo, timeout_ns: u64, pad: u32) {
        let mut args = uapi::WaitBo {
            handle: bo.handle,
            pad,
            timeout_ns,
        };
        let number = drm_core::device::IoctlNr::driver(nr::WAIT_BO, size_of_val(&args));
        let result = ioctl(&self.file(bo.fd), number, &mut args);
        let left = match args.timeout_ns {
            0 => "nothing left",
            left if left == timeout_ns => "all left",
            _ => "some left",
        };
        let pad = if pad == 0 { "" } else { " with a pad" };
        self.record(
            format_args!("wait for handle {} {timeout_ns} ns{pad}", bo.handle),
            format_args!("{}, {left}", outcome(&result)),
        );
    }

    /// Lets time pass; work items and interrupts run.
    pub(crate) fn sleep(&mut self, ms: u64) {
        self.machine.sleep(ms * 1_000_000);
        self.record(format_args!("sleep {ms} ms"), "ok");
    }
}

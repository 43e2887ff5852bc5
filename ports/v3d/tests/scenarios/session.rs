//! A session with the device: every operation goes through the uAPI or the hardware, and records what it showed.

mod jobs;
mod look;
mod share;

use std::ops::{Deref, DerefMut};

use bytemuck::Zeroable;
use drm_core::PAGE_SIZE;
use drm_core::device::{Device, IoctlNr};
use drm_core::errno::Result;
use drm_core::machine::{Config as MachineConfig, Machine};
use drm_core::mmap::{Prot, Sharing};
use drm_core::sync::Arc;
use port_kit::Side;
use port_kit::desk::Desk;
pub(crate) use port_kit::desk::{Buf, Fd, Mapped};
use port_kit::trace::{ioctl, outcome};
use port_v3d::uapi::{self, nr};
use port_v3d::{Config, V3d, memory, probe};

pub(crate) use jobs::Cpu;

/// A handle of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bo {
    pub(crate) fd: Fd,
    pub(crate) handle: u32,
    pub(crate) va: u32,
}

/// One machine with the device, and what is open.
pub(crate) struct Session {
    side: Side,
    device: Device,
    v3d: Arc<V3d>,
    /// Frames in use before anything was opened.
    frames: u64,
    flushes: u32,
    desk: Desk,
}

impl port_kit::Session for Session {
    const DEFECTS: &'static str = include_str!("../../DEFECTS.md");

    fn start(side: Side) -> Option<Self> {
        Self::on(side, 64 << 20, Config::default(), false)
    }

    fn finish(mut self) -> String {
        self.trace.heading("end");
        self.machine.sleep(2_000_000_000);
        self.desk.log();
        let (machine, mut trace) = self.desk.exit();
        trace.log(&machine);
        let stats = self.v3d.stats();
        trace.line(format_args!(
            "left: {} objects of {} pages, {} entries, {} frames",
            stats.allocated,
            stats.pages,
            self.v3d.hw().view().leaves().count(),
            machine.frames().stats().used - self.frames,
        ));
        trace.into_text()
    }
}

impl Deref for Session {
    type Target = Desk;
    fn deref(&self) -> &Desk {
        &self.desk
    }
}

impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut Desk {
        &mut self.desk
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
        let desk = Desk::new(&machine).expect("vgem opens");
        let frames = machine.frames().stats().used;
        Some(Self {
            side,
            flushes: v3d.hw().figures().flushes,
            device,
            v3d,
            frames,
            desk,
        })
    }

    /// Begins again with another machine or device, before anything was done.
    pub(crate) fn rebuild(&mut self, ram: u64, config: Config, huge_pages: bool) {
        assert!(!self.is_used(), "the session is under way");
        *self = Self::on(self.side, ram, config, huge_pages).expect("the side is there");
    }

    /// Opens the device.
    pub(crate) fn open(&mut self) -> Fd {
        let file = self.device.open().expect("it opens");
        let fd = self.add_file(file);
        self.record(format_args!("open file {}", fd.0), "ok");
        fd
    }

    /// CREATE_BO with any arguments.
    pub(crate) fn create_with(&mut self, fd: Fd, size: u32, flags: u32) -> Result<Bo> {
        let mut args = uapi::CreateBo {
            size,
            flags,
            ..Zeroable::zeroed()
        };
        let number = IoctlNr::driver(nr::CREATE_BO, size_of_val(&args));
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
        let number = IoctlNr::driver(nr::GET_BO_OFFSET, size_of_val(&args));
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
        let number = IoctlNr::driver(nr::MMAP_BO, size_of_val(&args));
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

    /// WAIT_BO.
    pub(crate) fn wait_with(&mut self, bo: Bo, timeout_ns: u64, pad: u32) {
        let mut args = uapi::WaitBo {
            handle: bo.handle,
            pad,
            timeout_ns,
        };
        let number = IoctlNr::driver(nr::WAIT_BO, size_of_val(&args));
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

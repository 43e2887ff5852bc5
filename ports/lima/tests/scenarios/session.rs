//! A session with the device: every operation goes through the uAPI or the hardware, and records what it showed.

mod jobs;
mod look;

use std::ops::{Deref, DerefMut};

use bytemuck::Zeroable;
use drm_core::PAGE_SIZE;
use drm_core::device::{Device, File, IoctlNr};
use drm_core::errno::Result;
use drm_core::machine::{Config as MachineConfig, Machine};
use drm_core::mmap::{Prot, Sharing};
use drm_core::sync::Arc;
use port_kit::Side;
use port_kit::desk::Desk;
pub(crate) use port_kit::desk::{Buf, Fd, Mapped};
use port_kit::trace::{ioctl, outcome};
use port_lima::uapi::{self, nr};
use port_lima::{Config, Lima, memory, probe};

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
    lima: Arc<Lima>,
    /// Frames in use before anything was opened.
    frames: u64,
    desk: Desk,
}

impl port_kit::Session for Session {
    const DEFECTS: &'static str = include_str!("../../DEFECTS.md");

    fn start(side: Side) -> Option<Self> {
        Self::on(side, Config::default())
    }

    fn finish(mut self) -> String {
        self.trace.heading("end");
        self.machine.sleep(30_000_000_000);
        self.desk.log();
        let (machine, mut trace) = self.desk.exit();
        trace.log(&machine);
        trace.line(format_args!(
            "left: {} objects, {} frames",
            self.device.object_count(),
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
    fn on(side: Side, config: Config) -> Option<Self> {
        let machine = Machine::new(MachineConfig {
            ram: 64 << 20,
            ..MachineConfig::default()
        })
        .expect("the host has the RAM");
        let (device, lima) = probe(&machine, memory(side)?, config).expect("there is room");
        let desk = Desk::new(&machine).expect("vgem opens");
        let frames = machine.frames().stats().used;
        Some(Self {
            side,
            device,
            lima,
            frames,
            desk,
        })
    }

    /// Begins again with another device or other parameters, before anything was done.
    pub(crate) fn rebuild(&mut self, config: Config) {
        assert!(!self.is_used(), "the session is under way");
        *self = Self::on(self.side, config).expect("the side is there");
    }

    /// Opens the device.
    pub(crate) fn open(&mut self) -> Fd {
        let file = self.device.open().expect("it opens");
        let fd = self.add_file(file);
        self.record(format_args!("open file {}", fd.0), "ok");
        fd
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
        info(&self.file(fd), handle)
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

    /// PRIME export.
    pub(crate) fn export(&mut self, bo: Bo) -> Buf {
        self.export_handle(bo.fd, bo.handle)
    }

    /// PRIME import.
    pub(crate) fn import(&mut self, fd: Fd, buf: Buf) -> Result<Bo> {
        let mut va = 0;
        let handle = self.import_handle(fd, buf, |file, handle| {
            va = info(file, handle).map_or(0, |info| info.va);
            format!(" va={va:#x}")
        })?;
        Ok(Bo { fd, handle, va })
    }

    /// Lets time pass; work items and interrupts run.
    pub(crate) fn sleep(&mut self, ms: u64) {
        self.machine.sleep(ms * 1_000_000);
        self.record(format_args!("sleep {ms} ms"), "ok");
    }
}

fn info(file: &File, handle: u32) -> Result<uapi::GemInfo> {
    let mut args = uapi::GemInfo {
        handle,
        ..Zeroable::zeroed()
    };
    let number = IoctlNr::driver(nr::GEM_INFO, size_of_val(&args));
    ioctl(file, number, &mut args).map(|()| args)
}

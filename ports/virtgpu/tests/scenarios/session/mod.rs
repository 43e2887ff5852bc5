//! A session with the device: every operation goes through the uAPI or the host, and records what it showed.

mod exporter;
mod files;
mod ioctls;
mod look;
mod screen;

pub(crate) use ioctls::flat;

use std::collections::BTreeMap;
use std::fmt;

use drm_core::device::File;
use drm_core::machine::{Config, Machine};
use drm_core::mmap::Process;
use drm_core::prime::DmaBuf;
use port_kit::vgem::Vgem;
use port_kit::{Side, Trace};
use port_virtgpu::{Params, Probed, probe};

use look::Held;

/// A file, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fd(pub(crate) usize);

/// A handle of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bo {
    pub(crate) fd: Fd,
    pub(crate) handle: u32,
}

impl fmt::Display for Bo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.fd.0, self.handle)
    }
}

/// A mapping of the process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mapped {
    pub(crate) at: u64,
    pub(crate) len: u64,
}

/// A dma-buf, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Buf(usize);

/// One machine with the device, and what is open.
pub(crate) struct Session {
    side: Side,
    pub(crate) machine: Machine,
    pub(crate) gpu: Probed,
    process: Process,
    files: BTreeMap<Fd, File>,
    buffers: BTreeMap<Buf, DmaBuf>,
    vgem: Vgem,
    opened: usize,
    exported: usize,
    trace: Trace,
    held: Held,
}

/// RAM of a session's machine.
const RAM: u64 = 16 << 20;

impl port_kit::Session for Session {
    const DEFECTS: &'static str = include_str!("../../../DEFECTS.md");

    fn start(side: Side) -> Option<Self> {
        Self::on(side, RAM, &Params::default())
    }

    /// Closes everything; the host answers what there is to answer.
    fn finish(mut self) -> String {
        self.trace.heading("end");
        self.gpu.host().stop(false);
        drop(std::mem::replace(
            &mut self.process,
            Process::new(&self.machine),
        ));
        self.files.clear();
        self.buffers.clear();
        self.record("everything closed", "ok");
        // An answer may let go of an object, which is a command again.
        let answers: usize = std::iter::repeat_with(|| self.gpu.answer())
            .take_while(|answered| *answered > 0)
            .sum();
        self.record("the host answers", answers);
        let left = Held::of(&self.machine, &self.gpu).beyond(&self.held);
        self.record("left", left);
        self.trace.into_text()
    }
}

impl Session {
    fn on(side: Side, ram: u64, params: &Params) -> Option<Self> {
        let config = Config {
            ram,
            ..Config::default()
        };
        let machine = Machine::new(config).expect("the host has the RAM");
        let gpu = probe(side, &machine, params)?;
        let vgem = Vgem::new(&machine).expect("vgem opens");
        let held = Held::of(&machine, &gpu);
        Some(Self {
            side,
            process: Process::new(&machine),
            gpu,
            files: BTreeMap::new(),
            buffers: BTreeMap::new(),
            vgem,
            opened: 0,
            exported: 0,
            trace: Trace::default(),
            held,
            machine,
        })
    }

    /// Begins again with another host; before anything was done.
    pub(crate) fn host(&mut self, params: Params) {
        assert_eq!(self.opened, 0, "the session is under way");
        *self = Self::on(self.side, RAM, &params).expect("this side is there");
    }

    /// Begins again on a host with a renderer; before anything was done.
    pub(crate) fn renderer(&mut self) {
        self.host(Params {
            virgl: true,
            ..Params::default()
        });
    }

    /// Records an operation, and the commands that it sent.
    fn record(&mut self, operation: impl fmt::Display, answer: impl fmt::Display) {
        self.trace.line(format_args!("{operation} => {answer}"));
        for command in self.gpu.take_commands() {
            self.trace.line(format_args!("  > {command}"));
        }
        self.trace.log(&self.machine);
    }

    /// Records whatever a scenario found out.
    pub(crate) fn note(&mut self, what: &str, answer: impl fmt::Display) {
        self.record(what, answer);
    }

    /// Says what comes next.
    pub(crate) fn heading(&mut self, text: &str) {
        self.trace.heading(text);
    }

    fn file(&self, fd: Fd) -> File {
        self.files.get(&fd).expect("it is open").clone()
    }
}

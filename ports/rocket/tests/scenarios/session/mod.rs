//! A session with the device: every operation goes through the uAPI or the hardware, and records what it showed.

mod files;
mod jobs;
mod look;

use std::collections::BTreeMap;

use drm_core::device::File;
use drm_core::machine::{Config, Machine, Shrinker};
use drm_core::mmap::Process;
use drm_core::prime::DmaBuf;
use drm_core::sync::Arc;
use port_kit::vgem::Vgem;
use port_kit::{Side, Trace};
use port_rocket::{Params, Probed, probe};

pub(crate) use jobs::{Job, copy};
pub(crate) use look::Held;

/// A file, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fd(pub(crate) usize);

/// A handle of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bo {
    pub(crate) fd: Fd,
    pub(crate) handle: u32,
    pub(crate) va: u64,
    pub(crate) offset: u64,
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

/// One machine with the NPU, and what is open.
pub(crate) struct Session {
    side: Side,
    pub(crate) machine: Machine,
    pub(crate) rocket: Probed,
    process: Process,
    files: BTreeMap<Fd, File>,
    buffers: BTreeMap<Buf, DmaBuf>,
    vgem: Vgem,
    others: Option<Arc<dyn Shrinker>>,
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
        Self::on(
            side,
            Config {
                ram: RAM,
                ..Config::default()
            },
            Params::default(),
        )
    }

    /// Ends running jobs by their time-out, then closes everything.
    fn finish(mut self) -> String {
        self.trace.heading("end");
        self.rocket.npu().pause(false);
        self.machine.sleep(2_000_000_000);
        self.trace.log(&self.machine);
        drop(self.process);
        self.files.clear();
        self.buffers.clear();
        let left = Held::of(&self.machine, &self.rocket);
        self.trace
            .record(&self.machine, "everything closed", left.beyond(&self.held));
        self.trace.into_text()
    }
}

impl Session {
    fn on(side: Side, config: Config, params: Params) -> Option<Self> {
        let machine = Machine::new(config).expect("the host has the RAM");
        let rocket = probe(side, &machine, params)?;
        let vgem = Vgem::new(&machine).expect("vgem opens");
        let held = Held::of(&machine, &rocket);
        Some(Self {
            side,
            process: Process::new(&machine),
            rocket,
            files: BTreeMap::new(),
            buffers: BTreeMap::new(),
            vgem,
            others: None,
            opened: 0,
            exported: 0,
            trace: Trace::default(),
            held,
            machine,
        })
    }

    /// Begins again on another machine; before anything was done.
    pub(crate) fn machine_with(&mut self, config: Config) {
        self.rebuild(config, Params::default());
    }

    /// Begins again with the device built in in another way; before anything was done.
    pub(crate) fn device_with(&mut self, params: Params) {
        self.rebuild(
            Config {
                ram: RAM,
                ..Config::default()
            },
            params,
        );
    }

    fn rebuild(&mut self, config: Config, params: Params) {
        assert_eq!(self.opened, 0, "the session is under way");
        *self = Self::on(self.side, config, params).expect("this side is there");
    }

    /// Records an operation.
    fn record(&mut self, operation: impl std::fmt::Display, answer: impl std::fmt::Display) {
        self.trace.record(&self.machine, operation, answer);
    }

    /// Says what comes next.
    pub(crate) fn heading(&mut self, text: &str) {
        self.trace.heading(text);
    }

    fn file(&self, fd: Fd) -> File {
        self.files.get(&fd).expect("it is open").clone()
    }
}

//! A session with the device: every operation goes through the uAPI or the hardware, and records what it showed.

mod exporter;
mod files;
mod jobs;
mod look;

use std::collections::BTreeMap;

use drm_core::device::File;
use drm_core::errno::Result;
use drm_core::machine::{Config, Deadline, Machine};
use drm_core::mmap::Process;
use drm_core::prime::DmaBuf;
use port_ivpu::{Params, Probed, probe};
use port_kit::vgem::Vgem;
use port_kit::{Side, Trace};

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
    pub(crate) ivpu: Probed,
    process: Process,
    files: BTreeMap<Fd, File>,
    buffers: BTreeMap<Buf, DmaBuf>,
    vgem: Vgem,
    attached: BTreeMap<Buf, u32>,
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

    /// Lets running jobs end, then closes everything. Tables of the global context stay.
    fn finish(mut self) -> String {
        self.trace.heading("end");
        self.ivpu.npu().pause(false);
        let until = Deadline::At(self.machine.clock().now() + 1_000_000_000);
        // Nothing ends this wait but its time.
        let _: Result = self.machine.wait_until(until, || false);
        self.trace.log(&self.machine);
        drop(self.process);
        for handle in std::mem::take(&mut self.attached).into_values() {
            self.vgem.close(handle).expect("it is imported");
        }
        self.files.clear();
        self.buffers.clear();
        let left = Held::of(&self.machine, &self.ivpu);
        self.trace
            .record(&self.machine, "everything closed", left.beyond(&self.held));
        self.trace.into_text()
    }
}

impl Session {
    fn on(side: Side, config: Config, params: Params) -> Option<Self> {
        let machine = Machine::new(config).expect("the host has the RAM");
        let ivpu = probe(side, &machine, params)?;
        let vgem = Vgem::new(&machine).expect("vgem opens");
        let held = Held::of(&machine, &ivpu);
        Some(Self {
            side,
            process: Process::new(&machine),
            ivpu,
            files: BTreeMap::new(),
            buffers: BTreeMap::new(),
            vgem,
            attached: BTreeMap::new(),
            opened: 0,
            exported: 0,
            trace: Trace::default(),
            held,
            machine,
        })
    }

    /// Begins again on another machine; before anything was done.
    pub(crate) fn machine_with(&mut self, config: Config) {
        self.setup(config, Params::default());
    }

    /// Begins again with the device built in in another way; before anything was done.
    pub(crate) fn device_with(&mut self, params: Params) {
        self.setup(
            Config {
                ram: RAM,
                ..Config::default()
            },
            params,
        );
    }

    /// Begins again; before anything was done.
    pub(crate) fn setup(&mut self, config: Config, params: Params) {
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

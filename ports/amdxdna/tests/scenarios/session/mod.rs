//! A session with the device: every operation goes through the uAPI or the hardware, and records what it showed.

mod bos;
mod jobs;
mod look;
mod maps;
mod share;

use std::collections::BTreeMap;
use std::fmt;

use drm_core::device::File;
use drm_core::machine::{Config, Machine};
use drm_core::prime::DmaBuf;
use drm_core::sync::Arc;
use port_amdxdna::{Params, Probed, Task, probe};
use port_kit::vgem::Vgem;
use port_kit::{Side, Trace};

pub(crate) use jobs::{add, copy};
use look::Held;

/// A file, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fd(usize);

/// A handle of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bo {
    pub(crate) fd: Fd,
    pub(crate) handle: u32,
}

impl fmt::Display for Bo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.fd.0, self.handle)
    }
}

/// A dma-buf, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Buf(usize);

/// One machine with the NPU, a process, and what is open.
pub(crate) struct Session {
    side: Side,
    pub(crate) machine: Machine,
    pub(crate) npu: Probed,
    task: Option<Arc<Task>>,
    files: BTreeMap<Fd, File>,
    buffers: BTreeMap<Buf, DmaBuf>,
    vgem: Vgem,
    opened: usize,
    trace: Trace,
    held: Held,
}

impl port_kit::Session for Session {
    const DEFECTS: &'static str = include_str!("../../../DEFECTS.md");

    fn start(side: Side) -> Option<Self> {
        Self::on(side, Params::default())
    }

    /// Lets commands end, then closes everything.
    fn finish(mut self) -> String {
        self.trace.heading("end");
        self.npu.amdxdna().npu().pause(false);
        self.machine.sleep(100_000_000);
        self.trace.log(&self.machine);
        self.exit();
        self.files.clear();
        self.buffers.clear();
        self.machine.sleep(1_000_000);
        let left = Held::of(&self.machine, &self.npu);
        self.trace
            .record(&self.machine, "everything closed", left.beyond(&self.held));
        self.trace.into_text()
    }
}

impl Session {
    fn on(side: Side, params: Params) -> Option<Self> {
        let machine = Machine::new(Config {
            ram: 384 << 20,
            ..Config::default()
        })
        .expect("the host has the RAM");
        let npu = probe(side, &machine, params)?;
        let vgem = Vgem::new(&machine).expect("vgem opens");
        let task = Task::new(&machine);
        npu.amdxdna().run_as(Some(&task));
        let held = Held::of(&machine, &npu);
        Some(Self {
            side,
            npu,
            task: Some(task),
            files: BTreeMap::new(),
            buffers: BTreeMap::new(),
            vgem,
            opened: 0,
            trace: Trace::default(),
            held,
            machine,
        })
    }

    /// Begins again with the device built in in another way; before anything was done.
    pub(crate) fn device_with(&mut self, params: Params) {
        assert_eq!(self.opened, 0, "the session is under way");
        *self = Self::on(self.side, params).expect("this side is there");
    }

    /// Begins again with IOVAs.
    pub(crate) fn with_iova(&mut self) {
        self.device_with(Params {
            force_iova: true,
            ..Params::default()
        });
    }

    /// Carve-out memory, of what is free now.
    pub(crate) fn carve_out(&mut self, len: u64) {
        let result = self.npu.amdxdna().set_carve_out(len);
        self.record(
            format_args!("carve out {len:#x} bytes"),
            port_kit::trace::outcome(&result),
        );
        self.held = Held::of(&self.machine, &self.npu);
    }

    fn record(&mut self, operation: impl fmt::Display, answer: impl fmt::Display) {
        self.trace.record(&self.machine, operation, answer);
    }

    /// Says what comes next.
    pub(crate) fn heading(&mut self, text: &str) {
        self.trace.heading(text);
    }

    /// The next operation of `kind` fails, the `nth` time.
    pub(crate) fn fail(&mut self, kind: drm_core::machine::Fail, nth: u64) {
        self.machine.failpoints().fail_nth(kind, nth);
    }

    /// Lets time pass, and what is queued be done.
    pub(crate) fn sleep(&mut self, ms: u64) {
        self.machine.sleep(ms * 1_000_000);
        self.record(format_args!("{ms} ms pass"), "ok");
    }

    fn file(&self, fd: Fd) -> File {
        self.files.get(&fd).expect("it is open").clone()
    }

    pub(crate) fn task(&self) -> &Arc<Task> {
        self.task.as_ref().expect("the process is alive")
    }

    /// The process exits; its files stay open, as those it handed on do.
    pub(crate) fn exit(&mut self) {
        self.npu.amdxdna().run_as(None);
        self.task = None;
    }
}

//! A session with the device: every operation goes through the uAPI or the hardware, and records what it showed.

mod bos;
mod jobs;
mod look;
mod maps;
mod share;

use std::fmt;
use std::ops::{Deref, DerefMut};

use drm_core::machine::{Config, Machine};
use drm_core::sync::Arc;
use port_amdxdna::{Params, Probed, Task, probe};
use port_kit::Side;
use port_kit::desk::{Buf, Desk, Fd};
use port_kit::trace::outcome;

pub(crate) use jobs::{add, copy};
use look::Held;

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

/// A desk with the NPU on it. Its process is one that the device knows, in the place of the desk's own.
pub(crate) struct Session {
    side: Side,
    desk: Desk,
    pub(crate) npu: Probed,
    task: Option<Arc<Task>>,
    buffers: Vec<Buf>,
    held: Held,
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

impl port_kit::Session for Session {
    const DEFECTS: &'static str = include_str!("../../../DEFECTS.md");

    fn start(side: Side) -> Option<Self> {
        Self::on(side, Params::default())
    }

    /// Lets commands end, then closes everything.
    fn finish(mut self) -> String {
        self.heading("end");
        self.npu.amdxdna().npu().pause(false);
        self.machine.sleep(100_000_000);
        self.log();
        self.exit();
        let (machine, mut trace) = self.desk.exit();
        machine.sleep(1_000_000);
        let left = Held::of(&machine, &self.npu).beyond(&self.held);
        trace.record(&machine, "everything closed", left);
        trace.into_text()
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
        let desk = Desk::new(&machine).expect("vgem opens");
        let task = Task::new(&machine);
        npu.amdxdna().run_as(Some(&task));
        Some(Self {
            side,
            held: Held::of(&machine, &npu),
            npu,
            task: Some(task),
            buffers: Vec::new(),
            desk,
        })
    }

    /// Begins again with the device built in in another way; before anything was done.
    pub(crate) fn device_with(&mut self, params: Params) {
        assert!(!self.is_used(), "the session is under way");
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
        self.record(format_args!("carve out {len:#x} bytes"), outcome(&result));
        self.held = Held::of(&self.machine, &self.npu);
    }

    /// Lets time pass, and what is queued be done.
    pub(crate) fn sleep(&mut self, ms: u64) {
        self.machine.sleep(ms * 1_000_000);
        self.record(format_args!("{ms} ms pass"), "ok");
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

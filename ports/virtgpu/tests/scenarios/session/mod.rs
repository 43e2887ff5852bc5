//! A session with the device: every operation goes through the uAPI or the host, and records what it showed.

mod exporter;
mod files;
mod ioctls;
mod look;
mod screen;

use std::fmt;
use std::ops::{Deref, DerefMut};

use drm_core::machine::{Config, Machine};
use port_kit::Side;
use port_kit::desk::{Desk, Held};
use port_virtgpu::{Params, Probed, probe};

pub(crate) use ioctls::flat;
pub(crate) use port_kit::desk::{Buf, Fd, Mapped};

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

/// One machine with the device, and what is open.
pub(crate) struct Session {
    side: Side,
    pub(crate) gpu: Probed,
    desk: Desk,
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

/// RAM of a session's machine.
const RAM: u64 = 16 << 20;

impl port_kit::Session for Session {
    const DEFECTS: &'static str = include_str!("../../../DEFECTS.md");

    fn start(side: Side) -> Option<Self> {
        Self::on(side, RAM, &Params::default())
    }

    /// Closes everything; the host answers what there is to answer.
    fn finish(self) -> String {
        let Self {
            gpu,
            mut desk,
            held,
            ..
        } = self;
        desk.heading("end");
        gpu.host().stop(false);
        let (machine, mut trace) = desk.exit();
        trace.record(&machine, "everything closed", "ok");
        commands(&gpu, &mut trace);
        // An answer may let go of an object, which is a command again.
        let answers: usize = std::iter::repeat_with(|| gpu.answer())
            .take_while(|answered| *answered > 0)
            .sum();
        trace.record(&machine, "the host answers", answers);
        commands(&gpu, &mut trace);
        let left = Held::of(&machine, gpu.device().object_count()).beyond(&held);
        trace.record(&machine, "left", left);
        trace.into_text()
    }
}

/// Adds the commands that were sent since the last line.
fn commands(gpu: &Probed, trace: &mut port_kit::Trace) {
    for command in gpu.take_commands() {
        trace.line(format_args!("  > {command}"));
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
        let desk = Desk::new(&machine).expect("vgem opens");
        Some(Self {
            side,
            held: Held::of(&machine, gpu.device().object_count()),
            gpu,
            desk,
        })
    }

    /// Begins again with another host; before anything was done.
    pub(crate) fn host(&mut self, params: Params) {
        assert!(!self.is_used(), "the session is under way");
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
        self.desk.record(operation, answer);
        self.commands();
    }

    /// Records the commands of what the desk recorded.
    fn commands(&mut self) {
        commands(&self.gpu, &mut self.desk.trace);
    }

    /// Records whatever a scenario found out.
    pub(crate) fn note(&mut self, what: &str, answer: impl fmt::Display) {
        self.record(what, answer);
    }

    /// What is held now.
    fn held(&self) -> String {
        let objects = self.gpu.device().object_count();
        Held::of(&self.machine, objects).beyond(&self.held)
    }
}

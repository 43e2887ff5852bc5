//! A session with the device: every operation goes through the uAPI or the hardware, and records what it showed.

mod exporter;
mod files;
mod jobs;
mod look;

use std::ops::{Deref, DerefMut};

use drm_core::errno::Result;
use drm_core::machine::{Config, Deadline, Machine};
use port_ivpu::{Params, Probed, probe};
use port_kit::Side;
pub(crate) use port_kit::desk::{Buf, Fd, Mapped};
use port_kit::desk::{Desk, Held};

/// A handle of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bo {
    pub(crate) fd: Fd,
    pub(crate) handle: u32,
    pub(crate) va: u64,
}

/// One machine with the NPU, and what is open.
pub(crate) struct Session {
    side: Side,
    pub(crate) ivpu: Probed,
    desk: Desk,
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
        self.desk.log();
        let (machine, mut trace) = self.desk.exit();
        let left = Held::of(&machine, self.ivpu.device().object_count());
        trace.record(&machine, "everything closed", left.beyond(&self.held));
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
    fn on(side: Side, config: Config, params: Params) -> Option<Self> {
        let machine = Machine::new(config).expect("the host has the RAM");
        let ivpu = probe(side, &machine, params)?;
        let desk = Desk::new(&machine).expect("vgem opens");
        let held = Held::of(&machine, ivpu.device().object_count());
        Some(Self {
            side,
            ivpu,
            desk,
            held,
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
        assert!(!self.is_used(), "the session is under way");
        *self = Self::on(self.side, config, params).expect("this side is there");
    }
}

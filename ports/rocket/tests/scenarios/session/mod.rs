//! A session with the device: every operation goes through the uAPI or the hardware, and records what it showed.

mod files;
mod jobs;
mod look;

use std::ops::{Deref, DerefMut};

use drm_core::machine::{Config, Machine, Shrinker};
use drm_core::sync::Arc;
use port_kit::Side;
pub(crate) use port_kit::desk::{Buf, Fd, Mapped};
use port_kit::desk::{Desk, Held};
use port_rocket::{Params, Probed, probe};

pub(crate) use jobs::{Job, copy};

/// A handle of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bo {
    pub(crate) fd: Fd,
    pub(crate) handle: u32,
    pub(crate) va: u64,
    pub(crate) offset: u64,
}

/// One machine with the NPU, and what is open.
pub(crate) struct Session {
    side: Side,
    pub(crate) rocket: Probed,
    others: Option<Arc<dyn Shrinker>>,
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

    /// Ends running jobs by their time-out, then closes everything.
    fn finish(mut self) -> String {
        self.trace.heading("end");
        self.rocket.npu().pause(false);
        self.machine.sleep(2_000_000_000);
        self.desk.log();
        let (machine, mut trace) = self.desk.exit();
        let left = Held::of(&machine, self.rocket.device().object_count());
        let domains = self.rocket.rocket().leaked_domains();
        trace.record(
            &machine,
            "everything closed",
            format_args!("{} domains leaked={domains}", left.beyond(&self.held)),
        );
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
        let rocket = probe(side, &machine, params)?;
        let desk = Desk::new(&machine).expect("vgem opens");
        let held = Held::of(&machine, rocket.device().object_count());
        Some(Self {
            side,
            rocket,
            others: None,
            desk,
            held,
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
        assert!(!self.is_used(), "the session is under way");
        *self = Self::on(self.side, config, params).expect("this side is there");
    }
}

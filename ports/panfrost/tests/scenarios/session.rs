//! A session with the device: every operation goes through the uAPI or the hardware, and records what it showed.

mod files;
mod hardware;
mod look;
mod syncs;

use std::ops::{Deref, DerefMut};

use drm_core::machine::{Config, Machine};
use port_kit::Side;
pub(crate) use port_kit::desk::{Buf, Fd, Mapped};
use port_kit::desk::{Desk, Held};
use port_panfrost::hw::SLOTS;
use port_panfrost::{Params, Probed, probe};

/// A handle of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bo {
    pub(crate) fd: Fd,
    pub(crate) handle: u32,
    pub(crate) va: u64,
}

/// One machine with the GPU, and what is open.
pub(crate) struct Session {
    side: Side,
    pub(crate) panfrost: Probed,
    desk: Desk,
    held: Held,
}

/// RAM of a session's machine.
const RAM: u64 = 64 << 20;

impl port_kit::Session for Session {
    const DEFECTS: &'static str = include_str!("../../DEFECTS.md");

    fn start(side: Side) -> Option<Self> {
        Self::on(
            side,
            Config {
                ram: RAM,
                ..Config::default()
            },
            Params {
                coherent: false,
                unstable_ioctls: true,
            },
        )
    }

    /// Ends running jobs by their time-out, then closes everything.
    fn finish(mut self) -> String {
        self.trace.heading("end");
        if (0..SLOTS).any(|slot| {
            self.panfrost
                .gpu()
                .slot(slot)
                .is_some_and(|slot| slot.active)
        }) {
            self.machine.sleep(2_000_000_000);
            self.record("jobs that run", "timed out");
        }
        let (machine, mut trace) = self.desk.exit();
        let left = Held::of(&machine, self.panfrost.device().object_count());
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
        let panfrost = probe(side, &machine, params)?;
        let desk = Desk::new(&machine).expect("vgem opens");
        let held = Held::of(&machine, panfrost.device().object_count());
        Some(Self {
            side,
            panfrost,
            desk,
            held,
        })
    }

    /// Begins again on another machine; before anything was done.
    pub(crate) fn machine_with(&mut self, config: Config) {
        self.rebuild(
            config,
            Params {
                coherent: false,
                unstable_ioctls: true,
            },
        );
    }

    /// Begins again with other parameters of the device; before anything was done.
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

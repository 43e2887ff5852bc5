//! A session with the device: every operation goes through the uAPI or the hardware, and records what it showed.

mod files;
mod hardware;
mod look;
mod syncs;

use std::collections::BTreeMap;

use drm_core::device::File;
use drm_core::machine::{Config, Machine};
use drm_core::mmap::Process;
use drm_core::prime::DmaBuf;
use port_kit::vgem::Vgem;
use port_kit::{Side, Trace};
use port_panfrost::hw::SLOTS;
use port_panfrost::{Params, Probed, probe};

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

/// One machine with the GPU, and what is open.
pub(crate) struct Session {
    side: Side,
    pub(crate) machine: Machine,
    pub(crate) panfrost: Probed,
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
            self.trace
                .record(&self.machine, "jobs that run", "timed out");
        }
        drop(self.process);
        for handle in std::mem::take(&mut self.attached).into_values() {
            self.vgem.close(handle).expect("it is imported");
        }
        self.files.clear();
        self.buffers.clear();
        let left = Held::of(&self.machine, &self.panfrost);
        self.trace
            .record(&self.machine, "everything closed", left.beyond(&self.held));
        self.trace.into_text()
    }
}

impl Session {
    fn on(side: Side, config: Config, params: Params) -> Option<Self> {
        let machine = Machine::new(config).expect("the host has the RAM");
        let panfrost = probe(side, &machine, params)?;
        let vgem = Vgem::new(&machine).expect("vgem opens");
        let held = Held::of(&machine, &panfrost);
        Some(Self {
            side,
            process: Process::new(&machine),
            panfrost,
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

    /// The number of the next buffer.
    fn next_buffer(&mut self) -> Buf {
        self.exported += 1;
        Buf(self.exported - 1)
    }

    fn file(&self, fd: Fd) -> File {
        self.files.get(&fd).expect("it is open").clone()
    }
}

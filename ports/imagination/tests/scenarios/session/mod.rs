//! A machine with the device, and operations on it that record what they show.

mod buffers;
mod firmware;
mod spaces;

use std::collections::BTreeMap;

use drm_core::device::File;
use drm_core::errno::Result;
use drm_core::machine::{Config, Machine};
use drm_core::mmap::Process;
use port_imagination::{Params, Pvr, probe};
use port_kit::trace::{ioctl, outcome};
use port_kit::{Side, Trace};

/// First address of the general heap.
pub const GENERAL: u64 = 0x80_0000_0000;

/// One run of a scenario.
pub struct Session {
    pub machine: Machine,
    pub pvr: Pvr,
    pub trace: Trace,
    /// Open files; operations are on the first, unless they name another.
    pub files: Vec<File>,
    pub process: Process,
    /// Frames in use before the device was probed.
    frames: u64,
    side: Side,
    /// What each frame is, for the trace.
    names: BTreeMap<u64, String>,
}

impl port_kit::Session for Session {
    const DEFECTS: &'static str = include_str!("../../../DEFECTS.md");

    fn start(side: Side) -> Option<Self> {
        Some(Self::with(side, Params::default()))
    }

    fn finish(mut self) -> String {
        self.trace.heading("end");
        self.files.clear();
        self.process = Process::new(&self.machine);
        self.names.clear();
        self.settle();
        self.trace.log(&self.machine);
        self.pvr.control.remove();
        self.machine.sleep(10_000_000);
        let objects = self.pvr.device.object_count();
        let frames = self.machine.frames().stats().used - self.frames;
        self.trace.record(
            &self.machine,
            "left",
            format_args!("{objects} objects, {frames} frames"),
        );
        folded(&self.trace.into_text())
    }
}

impl Session {
    /// A session of a device that is probed in a certain way.
    pub fn with(side: Side, params: Params) -> Self {
        let machine = Machine::new(Config::default()).expect("host memory");
        let frames = machine.frames().stats().used;
        let pvr = probe(&machine, side, params).expect("a healthy device");
        let files = vec![pvr.device.open().expect("a file")];
        pvr.gpu.take_commands();
        Self {
            process: Process::new(&machine),
            pvr,
            trace: Trace::default(),
            files,
            frames,
            side,
            machine,
            names: BTreeMap::new(),
        }
    }

    /// Starts again with a device that is probed in a certain way. Only at the beginning of a scenario.
    pub fn probe_as(&mut self, params: Params) {
        self.pvr.control.remove();
        let mut fresh = Self::with(self.side, params);
        std::mem::swap(&mut fresh.trace, &mut self.trace);
        *self = fresh;
    }

    /// Opens one more file.
    pub fn open(&mut self) -> usize {
        self.files.push(self.pvr.device.open().expect("a file"));
        self.files.len() - 1
    }

    /// Lets what is under way come to its end.
    pub fn settle(&self) {
        self.machine.sleep(10_000_000);
    }

    /// A note in the trace.
    pub fn note(&mut self, text: &str) {
        self.trace.heading(text);
    }

    fn record<T>(&mut self, what: impl std::fmt::Display, result: &Result<T>) {
        self.trace.record(&self.machine, what, outcome(result));
    }

    /// An ioctl of the driver, not recorded.
    pub fn raw<T: bytemuck::Pod>(
        &self,
        file: usize,
        number: drm_core::device::IoctlNr,
        args: &mut T,
    ) -> Result {
        ioctl(&self.files[file], number, args)
    }

    /// An errno or `ok`, with what it was for.
    pub fn answer<T>(&mut self, what: &str, result: &Result<T>) {
        self.record(what, result);
    }
}

/// Lines that repeat become one.
fn folded(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines
        .chunk_by(|a, b| a == b)
        .map(|run| match run.len() {
            1 => format!("{}\n", run[0]),
            times => format!("{} ({times} times)\n", run[0]),
        })
        .collect()
}

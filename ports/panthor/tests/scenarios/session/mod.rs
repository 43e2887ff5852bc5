//! A machine with the device, and operations that record what they show.

mod bind;
mod gpu;
mod jobs;
mod objects;

use drm_core::device::{File, IoctlNr};
use drm_core::errno::Result;
use drm_core::machine::{Config, Machine};
use drm_core::mmap::Process;
use drm_core::prime::DmaBuf;
use port_kit::Side;
use port_kit::scenario;
use port_kit::trace::{Trace, ioctl, outcome};
use port_kit::vgem::Vgem;
use port_panthor::hw::HwConfig;
use port_panthor::uapi::*;
use port_panthor::{AnyGpu, AnyVm, probe_side};

pub(crate) use bind::{Op, map, unmap};
pub(crate) use jobs::Stream;

/// A machine, and everything that a process has open on it.
pub(crate) struct Session {
    side: Side,
    pub(crate) trace: Trace,
    pub(crate) process: Process,
    pub(crate) vgem: Vgem,
    pub(crate) files: Vec<File>,
    pub(crate) buffers: Vec<DmaBuf>,
    pub(crate) gpu: Box<dyn AnyGpu>,
    pub(crate) machine: Machine,
    /// Pages in use before anybody opened the device.
    pages: u64,
}

/// Pages in use, but for those of page tables: the firmware's space keeps its own.
fn pages_in_use(machine: &Machine) -> u64 {
    let counts = machine.counters().snapshot();
    machine.frames().stats().used - (counts.tables_allocated - counts.tables_freed)
}

fn boot(side: Side, config: HwConfig) -> Option<Session> {
    let machine = Machine::new(Config::default()).expect("the host has memory for the machine");
    let gpu = probe_side(side, &machine, config)?.expect("the GPU is there");
    let vgem = Vgem::new(&machine).expect("vgem opens");
    Some(Session {
        side,
        trace: Trace::default(),
        process: Process::new(&machine),
        vgem,
        files: Vec::new(),
        buffers: Vec::new(),
        gpu,
        pages: pages_in_use(&machine),
        machine,
    })
}

impl scenario::Session for Session {
    const DEFECTS: &'static str = include_str!("../../../DEFECTS.md");

    fn start(side: Side) -> Option<Self> {
        boot(side, HwConfig::default())
    }

    fn finish(mut self) -> String {
        self.close_all();
        self.trace.into_text()
    }
}

impl Session {
    /// Another machine, with this GPU; the trace goes on.
    pub(crate) fn boot(&mut self, config: HwConfig) {
        self.close_all();
        let trace = std::mem::take(&mut self.trace);
        if let Some(session) = boot(self.side, config) {
            *self = session;
        }
        self.trace = trace;
    }

    /// Closes everything, and shows what is left.
    fn close_all(&mut self) {
        self.process = Process::new(&self.machine);
        self.buffers.clear();
        self.files.clear();
        let objects = self.gpu.dev().object_count();
        let left = pages_in_use(&self.machine) - self.pages;
        // The firmware's object, and the one that stands for its space.
        self.trace
            .line(format_args!("left: {} objects, {left} pages", objects - 2));
        self.trace.log(&self.machine);
    }

    /// Adds a line, and under it what the kernel log said.
    pub(crate) fn record(
        &mut self,
        operation: impl std::fmt::Display,
        answer: impl std::fmt::Display,
    ) {
        self.trace.record(&self.machine, operation, answer);
    }

    /// A heading, so that a reader sees where a part begins.
    pub(crate) fn part(&mut self, text: &str) {
        self.trace.heading(text);
    }

    /// Opens the device; the number of the file.
    pub(crate) fn open(&mut self) -> usize {
        self.files
            .push(self.gpu.dev().open().expect("the device opens"));
        self.files.len() - 1
    }

    /// Closes a file.
    pub(crate) fn close_file(&mut self, file: usize) {
        let closed = self.gpu.dev().open().expect("the device opens");
        self.files[file] = closed;
        self.record(format_args!("close file {file}"), "ok");
    }

    /// An ioctl that records nothing.
    pub(crate) fn call<T: bytemuck::Pod>(
        &self,
        file: usize,
        number: IoctlNr,
        args: &mut T,
    ) -> Result {
        ioctl(&self.files[file], number, args)
    }

    /// `VM_CREATE`; the id, 0 after an error.
    pub(crate) fn vm_create(&mut self, file: usize, user_va_range: u64, flags: u32) -> u32 {
        let mut args = VmCreate {
            flags,
            id: 0,
            user_va_range,
        };
        let result = self.call(file, VM_CREATE, &mut args);
        let answer = match result {
            Ok(()) => format!("ok id={} user_va_range={:#x}", args.id, args.user_va_range),
            Err(_) => outcome(&result),
        };
        self.record(
            format_args!("vm_create range={user_va_range:#x} flags={flags:#x}"),
            answer,
        );
        args.id
    }

    /// A file with a space, neither recorded.
    pub(crate) fn vm(&mut self) -> (usize, u32) {
        let file = self.open();
        let mut args = VmCreate::default();
        self.call(file, VM_CREATE, &mut args)
            .expect("a space is made");
        (file, args.id)
    }

    /// `VM_DESTROY`.
    pub(crate) fn vm_destroy(&mut self, file: usize, id: u32) {
        let result = self.call(file, VM_DESTROY, &mut VmDestroy { id, pad: 0 });
        self.record(format_args!("vm_destroy {id}"), outcome(&result));
    }

    /// `VM_GET_STATE`.
    pub(crate) fn vm_state(&mut self, file: usize, vm_id: u32) {
        let mut args = VmGetState { vm_id, state: 0 };
        let result = self.call(file, VM_GET_STATE, &mut args);
        let state = match args.state {
            VM_STATE_USABLE => "usable",
            _ => "unusable",
        };
        let answer = result.map_or_else(|error| error.to_string(), |()| state.to_owned());
        self.record(format_args!("vm_get_state {vm_id}"), answer);
    }

    /// A space, to look at.
    pub(crate) fn look(&self, file: usize, vm: u32) -> Option<Box<dyn AnyVm>> {
        self.gpu.vm(&self.files[file], vm)
    }

    /// Heaps of one chunk of `chunk_size` bytes, not recorded.
    pub(crate) fn heaps(&mut self, file: usize, vm_id: u32, count: usize, chunk_size: u32) {
        for _ in 0..count {
            let mut args = TilerHeapCreate {
                vm_id,
                initial_chunk_count: 1,
                chunk_size,
                max_chunks: 1,
                ..TilerHeapCreate::default()
            };
            self.call(file, TILER_HEAP_CREATE, &mut args)
                .expect("there is room");
        }
        self.record(format_args!("{count} heaps of {chunk_size:#x} bytes"), "ok");
    }

    /// `TILER_HEAP_CREATE`: initial and most chunks, bytes of each, passes in flight. The handle, 0 after an error.
    pub(crate) fn heap_create(
        &mut self,
        file: usize,
        vm_id: u32,
        chunks: (u32, u32),
        chunk_size: u32,
        target: u32,
    ) -> u32 {
        let mut args = TilerHeapCreate {
            vm_id,
            initial_chunk_count: chunks.0,
            chunk_size,
            max_chunks: chunks.1,
            target_in_flight: target,
            ..TilerHeapCreate::default()
        };
        let result = self.call(file, TILER_HEAP_CREATE, &mut args);
        let answer = format!(
            "{} handle={:#x} context={:#x} first_chunk={:#x}",
            outcome(&result),
            args.handle,
            args.tiler_heap_ctx_gpu_va,
            args.first_heap_chunk_gpu_va
        );
        let (initial, most) = chunks;
        self.record(
            format_args!("heap_create vm={vm_id} chunks={initial}..{most} chunk_size={chunk_size:#x} target={target}"),
            answer,
        );
        args.handle
    }

    /// `TILER_HEAP_DESTROY`.
    pub(crate) fn heap_destroy(&mut self, file: usize, handle: u32) {
        let result = self.call(
            file,
            TILER_HEAP_DESTROY,
            &mut TilerHeapDestroy { handle, pad: 0 },
        );
        self.record(format_args!("heap_destroy {handle:#x}"), outcome(&result));
    }

    /// Chunks of a heap.
    pub(crate) fn heap_chunks(&mut self, file: usize, handle: u32) {
        let vm = self.look(file, handle >> 16);
        let chunks = vm.and_then(|vm| vm.heap_chunks(handle & 0xffff));
        let answer = chunks.map_or("none".to_owned(), |chunks| chunks.to_string());
        self.record(format_args!("chunks of heap {handle:#x}"), answer);
    }
}

//! Jobs, accesses of the GPU, power, reclaim.

use drm_core::errno::Result;
use drm_core::machine::{ScanResult, ShrinkControl};
use port_kit::trace::{ioctl, outcome};
use port_panfrost::hw::{AccessKind, Accessed, Ended, JS_STATUS_DONE};
use port_panfrost::regs::{MMU_INT_MASK, MMU_INT_RAWSTAT};
use port_panfrost::uapi;

use super::files::name;
use super::{Bo, Fd, Session};

/// `JS_STATUS` of a job that could not read.
const JOB_READ_FAULT: u32 = 0x42;
/// The slot of vertex and tiler jobs.
pub(crate) const VERTEX: usize = 1;

impl Session {
    /// SUBMIT of a job in the vertex slot.
    pub(crate) fn submit(&mut self, fd: Fd, jc: u64, bos: &[Bo]) -> Result {
        let handles: Vec<u32> = bos.iter().map(|bo| bo.handle).collect();
        self.submit_raw(
            fd,
            uapi::Submit {
                jc,
                ..uapi::Submit::default()
            },
            &handles,
        )
    }

    /// SUBMIT.
    pub(crate) fn submit_raw(&mut self, fd: Fd, args: uapi::Submit, handles: &[u32]) -> Result {
        let bo_handles = self.machine.user().put(bytemuck::cast_slice(handles));
        let mut args = uapi::Submit {
            bo_handles,
            bo_handle_count: handles.len() as u32,
            ..args
        };
        let result = ioctl(&self.file(fd), uapi::SUBMIT, &mut args);
        self.machine.user().take(bo_handles);
        let mut operation = format!(
            "submit in file {}: job at {:#x} handles {handles:?}",
            fd.0, args.jc
        );
        if args.requirements != 0 {
            operation += &format!(" requirements {}", args.requirements);
        }
        if args.in_sync_count != 0 {
            operation += &format!(" waits for {} sync objects", args.in_sync_count);
        }
        if args.out_sync != 0 {
            operation += &format!(" signals sync object {}", args.out_sync);
        }
        self.record(operation, outcome(&result));
        result
    }

    /// WAIT_BO: at most `ms` milliseconds; 0 looks only.
    pub(crate) fn wait(&mut self, bo: Bo, ms: u64) {
        let now = self.machine.clock().now();
        let timeout_ns = if ms == 0 {
            0
        } else {
            (now + ms * 1_000_000) as i64
        };
        let mut args = uapi::WaitBo {
            handle: bo.handle,
            pad: 0,
            timeout_ns,
        };
        let result = ioctl(&self.file(bo.fd), uapi::WAIT_BO, &mut args);
        self.record(format_args!("wait {} {ms} ms", name(bo)), outcome(&result));
    }

    /// The job in the vertex slot ends well.
    pub(crate) fn finish_job(&mut self) {
        self.finish_slot(VERTEX, JS_STATUS_DONE);
    }

    /// A job ends.
    pub(crate) fn finish_slot(&mut self, slot: usize, status: u32) {
        let before = self.panfrost.gpu().finish_job(slot, status);
        let answer = if before.active { "ended" } else { "none runs" };
        self.record(
            format_args!("job in slot {slot} ends with status {status:#x}"),
            answer,
        );
    }

    /// Jobs run by themselves from now on, while somebody waits.
    pub(crate) fn run_jobs(&mut self) {
        self.panfrost.gpu().run_jobs(true);
        self.record("the GPU runs jobs", "ok");
    }

    /// A job of a file that reads four bytes.
    pub(crate) fn gpu_read(&mut self, fd: Fd, va: u64) -> Accessed {
        self.gpu(fd, va, AccessKind::Read)
    }

    /// A job of a file that writes four bytes.
    pub(crate) fn gpu_write(&mut self, fd: Fd, va: u64, value: u32) -> Accessed {
        self.gpu(fd, va, AccessKind::Write(value))
    }

    /// A job of a file that fetches an instruction.
    pub(crate) fn gpu_execute(&mut self, fd: Fd, va: u64) -> Accessed {
        self.gpu(fd, va, AccessKind::Execute)
    }

    /// Submits a job without BOs, makes one access in its place, and ends it.
    fn gpu(&mut self, fd: Fd, va: u64, kind: AccessKind) -> Accessed {
        let mut args = uapi::Submit {
            jc: va,
            ..uapi::Submit::default()
        };
        ioctl(&self.file(fd), uapi::SUBMIT, &mut args).expect("a job without objects is taken");
        let slot = self
            .panfrost
            .gpu()
            .slot(VERTEX)
            .expect("there is such a slot");
        let accessed = self.panfrost.gpu().access(slot.space(), va, kind);
        let status = match accessed.ended {
            Ended::Done { .. } => JS_STATUS_DONE,
            _ => JOB_READ_FAULT,
        };
        let verb = match kind {
            AccessKind::Read => "reads",
            AccessKind::Write(_) => "writes",
            AccessKind::Execute => "executes",
        };
        let written = match kind {
            AccessKind::Write(value) => format!(" {value:#x}"),
            _ => String::new(),
        };
        let operation = format!("gpu of file {} {verb} {va:#x}{written}", fd.0);
        self.record(
            operation,
            format_args!("{}, {} faults", ended(accessed), accessed.faults),
        );
        self.panfrost.gpu().finish_job(VERTEX, status);
        if status != JS_STATUS_DONE {
            self.record("its job ends", "failed");
        }
        accessed
    }

    /// The running job of the vertex slot accesses memory.
    pub(crate) fn access(&mut self, va: u64, kind: AccessKind) {
        let slot = self
            .panfrost
            .gpu()
            .slot(VERTEX)
            .expect("there is such a slot");
        let accessed = self.panfrost.gpu().access(slot.space(), va, kind);
        self.record(
            format_args!("running job accesses {va:#x}"),
            format_args!("{}, {} faults", ended(accessed), accessed.faults),
        );
    }

    /// A space reports a fault with these status bits.
    pub(crate) fn fault(&mut self, space: usize, va: u64, status: u32, bus: bool) {
        self.panfrost.gpu().raise_fault(space, va, status, bus);
        let on = self.panfrost.gpu().translation_table(space) != 0;
        let kind = if bus { "bus fault" } else { "fault" };
        self.record(
            format_args!("{kind} {status:#x} in space {space} at {va:#x}"),
            if on { "space goes on" } else { "space is off" },
        );
    }

    /// Whether the interrupt of each space can be raised, and which are raised.
    pub(crate) fn interrupts(&mut self) {
        let state = self.panfrost.device_state();
        let gpu = self.panfrost.gpu();
        let (mask, raw) = (gpu.read(MMU_INT_MASK), gpu.read(MMU_INT_RAWSTAT));
        self.record(
            "fault interrupts",
            format_args!(
                "mask={mask:08x} raised={raw:x} faulty={:x}",
                state.faulty_mask
            ),
        );
    }

    /// Somebody holds the device awake.
    pub(crate) fn wake(&mut self) {
        self.panfrost.pfdev().pm_get_sync();
        let users = self.panfrost.device_state().usage;
        self.record("device held awake", format_args!("users={users}"));
    }

    /// Nobody does any more, and it sleeps at once.
    pub(crate) fn put_to_sleep(&mut self) {
        let result = self.panfrost.pfdev().pm_put_suspend();
        self.record("device put to sleep", outcome(&result));
    }

    /// Time passes.
    pub(crate) fn sleep(&mut self, ms: u64) {
        self.machine.sleep(ms * 1_000_000);
        let awake = self.panfrost.device_state().active;
        self.record(
            format_args!("{ms} ms pass"),
            if awake {
                "device awake"
            } else {
                "device asleep"
            },
        );
    }

    /// The driver's shrinker is asked for `pages` pages.
    pub(crate) fn shrink(&mut self, pages: u64) {
        let control = ShrinkControl::direct(pages);
        let shrinker = self.panfrost.shrinker();
        let count = shrinker.count(control);
        let freed = match shrinker.scan(control) {
            ScanResult::Freed(freed) => format!("freed={freed}"),
            ScanResult::Stop => "stop".to_owned(),
        };
        self.record(
            format_args!("shrink {pages} pages"),
            format_args!("count={count} {freed}"),
        );
    }
}

fn ended(accessed: Accessed) -> String {
    match accessed.ended {
        Ended::Done { value, leaf } => format!("{value:#x} there, leaf {:#x}", leaf.size),
        Ended::Disabled => "space is off".to_owned(),
        Ended::Forbidden => "not allowed".to_owned(),
        Ended::Stuck { depth } => format!("stuck at level {depth}"),
    }
}

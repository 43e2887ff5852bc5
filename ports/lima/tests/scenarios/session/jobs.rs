//! Jobs, interrupts, and accesses of the device.

use bytemuck::bytes_of;
use drm_core::syncobj::Syncobj;
use port_lima::hw::Mmu;
use port_lima::regs::{gp, pp};
use port_lima::uapi::{GpFrame, M450PpFrame, SubmitBo};

use super::*;

impl Session {
    /// CTX_CREATE.
    pub(crate) fn context_with(&mut self, fd: Fd, pad: u32) -> u32 {
        let mut args = uapi::Ctx { id: 0, pad };
        let number = IoctlNr::driver(nr::CTX_CREATE, size_of_val(&args));
        let result = ioctl(&self.file(fd), number, &mut args);
        let pad = if pad == 0 { "" } else { " with a pad" };
        self.record(
            format_args!("file {}: create a context{pad}", fd.0),
            format_args!("{}, id {}", outcome(&result), args.id),
        );
        args.id
    }

    /// A context.
    pub(crate) fn context(&mut self, fd: Fd) -> u32 {
        self.context_with(fd, 0)
    }

    /// CTX_FREE.
    pub(crate) fn free_context(&mut self, fd: Fd, id: u32, pad: u32) {
        let mut args = uapi::Ctx { id, pad };
        let number = IoctlNr::driver(nr::CTX_FREE, size_of_val(&args));
        let result = ioctl(&self.file(fd), number, &mut args);
        let pad = if pad == 0 { "" } else { " with a pad" };
        self.record(
            format_args!("file {}: free context {id}{pad}", fd.0),
            outcome(&result),
        );
    }

    /// A sync object without a fence.
    pub(crate) fn sync_object(&mut self, fd: Fd) -> u32 {
        let handle = self.file(fd).add_syncobj(Syncobj::new()).expect("a handle");
        self.record(
            format_args!("file {}: create a sync object", fd.0),
            format_args!("handle {handle}"),
        );
        handle
    }

    /// GEM_SUBMIT of a geometry job; `change` may spoil the arguments.
    pub(crate) fn submit_with(
        &mut self,
        fd: Fd,
        context: u32,
        handles: &[u32],
        what: &str,
        change: impl FnOnce(&mut uapi::GemSubmit, &mut GpFrame),
    ) {
        let bos: Vec<SubmitBo> = handles
            .iter()
            .map(|handle| SubmitBo {
                handle: *handle,
                flags: uapi::SUBMIT_BO_READ | uapi::SUBMIT_BO_WRITE,
            })
            .collect();
        let mut frame = GpFrame {
            vs_start: 0,
            vs_end: 0x10,
            plbu_start: 0x10,
            plbu_end: 0x20,
            ..Zeroable::zeroed()
        };
        let user = self.machine.user();
        let mut args = uapi::GemSubmit {
            ctx: context,
            pipe: uapi::PIPE_GP,
            nr_bos: bos.len() as u32,
            frame_size: size_of::<GpFrame>() as u32,
            bos: user.put(bytemuck::cast_slice(&bos)),
            ..Zeroable::zeroed()
        };
        change(&mut args, &mut frame);
        if args.frame == 0 {
            args.frame = user.put(bytes_of(&frame));
        }
        let number = IoctlNr::driver(nr::GEM_SUBMIT, size_of_val(&args));
        let result = ioctl(&self.file(fd), number, &mut args);
        self.record(
            format_args!("file {}: submit {what} with {handles:?}", fd.0),
            outcome(&result),
        );
    }

    /// A geometry job without a heap.
    pub(crate) fn submit(&mut self, fd: Fd, context: u32, handles: &[u32]) {
        self.submit_with(fd, context, handles, "a geometry job", |_, _| {});
    }

    /// A geometry job with a heap, of which it says that it ends after one page.
    pub(crate) fn submit_heap(&mut self, fd: Fd, context: u32, heap: Bo, others: &[u32]) {
        let mut handles = vec![heap.handle];
        handles.extend(others);
        self.submit_with(fd, context, &handles, "a job with a heap", |_, frame| {
            (frame.alloc_start, frame.alloc_end) = (heap.va, heap.va + 0x1000);
        });
    }

    /// A job on two pixel processors of a Mali-450.
    pub(crate) fn submit_pixels(&mut self, fd: Fd, context: u32, handles: &[u32], num_pp: u32) {
        let frame = M450PpFrame {
            num_pp,
            ..Zeroable::zeroed()
        };
        let pointer = self.machine.user().put(bytes_of(&frame));
        let what = format!("a job on {num_pp} pixel processors");
        self.submit_with(fd, context, handles, &what, |args, _| {
            args.pipe = uapi::PIPE_PP;
            args.frame_size = size_of::<M450PpFrame>() as u32;
            args.frame = pointer;
        });
    }

    fn after_interrupt(&mut self, what: &str) {
        self.lima.deliver_interrupts();
        self.machine.sleep(1_000_000);
        self.record(format_args!("interrupt: {what}"), "ok");
    }

    /// The geometry job is done.
    pub(crate) fn job_done(&mut self) {
        let done = gp::IRQ_VS_END | gp::IRQ_PLBU_END;
        self.lima.hw().raise_gp(done, Some(0));
        self.after_interrupt("geometry job done");
    }

    /// The geometry processor has used up its heap.
    pub(crate) fn out_of_heap(&mut self) {
        self.lima.hw().raise_gp(gp::IRQ_OUT_OF_MEM, None);
        self.after_interrupt("out of heap");
    }

    /// The geometry processor fails.
    pub(crate) fn job_failed(&mut self) {
        self.lima.hw().raise_gp(1 << 13, None);
        self.after_interrupt("invalid command");
    }

    /// The geometry processor's MMU faults.
    pub(crate) fn page_fault(&mut self, va: u32) {
        self.lima.hw().raise_mmu(Mmu::Gp, va, true);
        self.after_interrupt(&format!("page fault at {va:#x}"));
    }

    /// A pixel processor is done.
    pub(crate) fn pixel_done(&mut self, n: usize) {
        self.lima.hw().raise_pp(n, pp::IRQ_END_OF_FRAME);
        self.after_interrupt(&format!("pixel processor {n} done"));
    }

    /// The geometry processor loads a byte, by an old translation if it has one. No fault is reported.
    pub(crate) fn gpu_read(&mut self, va: u32) {
        let answer = match self.lima.hw().load(Mmu::Gp, va) {
            Some(byte) => format!("{byte:#x}"),
            None => "fault".to_owned(),
        };
        self.record(format_args!("GPU reads at {va:#x}"), answer);
    }

    /// What was saved of failed jobs.
    pub(crate) fn error_dump(&mut self) {
        let tasks = self.lima.take_error_tasks();
        let buffers = |task: &port_lima::dump::ErrorTask| {
            task.buffers
                .iter()
                .map(|buffer| {
                    let first = buffer.bytes.first().copied().unwrap_or(0);
                    format!("{:#x}+{:#x} from {first:#x}", buffer.va, buffer.bytes.len())
                })
                .collect::<Vec<_>>()
                .join(", ")
        };
        let text: Vec<_> = tasks
            .iter()
            .map(|task| format!("[{}]", buffers(task)))
            .collect();
        self.record("saved jobs", text.join(" "));
    }
}

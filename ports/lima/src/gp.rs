//! The geometry processor, and the heap that it asks for more of (`lima_gp.c`).

use drm_core::errno::{Errno, Result};
use drm_core::sync::Arc;
use drm_core::sync::atomic::Ordering;
use port_kit::sched::Job;

use crate::device::Lima;
use crate::regs::gp;
use crate::submit::{Frame, Task};
use crate::uapi::{GpFrame, PIPE_GP};

/// Written to the limit register while a reset is under way, and once it must be done.
const RESET_PROBE: [u32; 2] = [0xc0ff_e000, 0xc01a_0000];

/// `lima_gp_task_validate`: lists must not end before they begin, and one must not be empty.
pub(crate) fn validate(frame: &GpFrame) -> Result {
    let turned = frame.vs_start > frame.vs_end
        || frame.plbu_start > frame.plbu_end
        || frame.alloc_start > frame.alloc_end;
    let empty = frame.vs_start == frame.vs_end && frame.plbu_start == frame.plbu_end;
    if turned || empty {
        Err(Errno::EINVAL)
    } else {
        Ok(())
    }
}

impl Lima {
    pub(crate) fn gp_soft_reset_async(&self) {
        let mut pending = self.async_reset_gp.lock();
        if *pending {
            return;
        }
        self.hw().write_gp(gp::INT_MASK, 0);
        self.hw().write_gp(gp::INT_CLEAR, gp::IRQ_RESET_COMPLETED);
        self.hw().write_gp(gp::CMD, gp::CMD_SOFT_RESET);
        *pending = true;
    }

    pub(crate) fn gp_soft_reset_wait(&self) {
        let mut pending = self.async_reset_gp.lock();
        if !*pending {
            return;
        }
        if self.hw().read_gp(gp::INT_RAWSTAT) & gp::IRQ_RESET_COMPLETED == 0 {
            self.log("lima: gp soft reset time out");
            return;
        }
        self.hw().write_gp(gp::INT_CLEAR, gp::IRQ_ALL);
        self.hw().write_gp(gp::INT_MASK, gp::IRQ_USED);
        *pending = false;
    }

    /// `lima_gp_task_run`: a job whose heap begins where its frame says is recoverable, and its heap ends where it is backed.
    pub(crate) fn gp_run(&self, job: &Arc<Job<Task>>) {
        let task = &job.work;
        let Frame::Gp(frame) = &task.frame else {
            return;
        };
        let mut frame = frame.lock();
        let vm = task.vm();
        for (index, object) in task.objects().iter().enumerate() {
            let (Some(bo), Some(vm)) = (self.bo(object), &vm) else {
                continue;
            };
            let va = bo.mapping(vm).map(|mapping| mapping.va);
            if bo.heap_size() != 0 && va == Some(frame.alloc_start.into()) {
                frame.alloc_end = frame.alloc_start.wrapping_add(bo.heap_size() as u32);
                task.recoverable.store(true, Ordering::SeqCst);
                *task.heap.lock() = Some(index);
                break;
            }
        }
        let mut command = 0;
        if frame.vs_start != frame.vs_end {
            command |= gp::CMD_START_VS;
        }
        if frame.plbu_start != frame.plbu_end {
            command |= gp::CMD_START_PLBU;
        }
        self.gp_soft_reset_wait();
        let words: [u32; 6] = bytemuck::cast(*frame);
        for (n, word) in (0..).zip(words) {
            self.hw().write_gp(gp::VSCL_START + 4 * n, word);
        }
        self.hw().write_gp(gp::CMD, gp::CMD_UPDATE_PLBU_ALLOC);
        self.hw().write_gp(gp::CMD, command);
    }

    /// `lima_gp_irq_handler`: a full heap is an error that may be recovered from.
    pub(crate) fn gp_irq(&self) {
        let state = self.hw().read_gp(gp::INT_STAT);
        let status = self.hw().read_gp(gp::STATUS);
        if state == 0 {
            return;
        }
        let pipe = self.pipe(PIPE_GP);
        let done = if state & gp::IRQ_ERROR != 0 {
            if state & gp::IRQ_ERROR != gp::IRQ_OUT_OF_MEM {
                self.log(format!(
                    "lima: gp error irq state={state:x} status={status:x}"
                ));
                if let Some(task) = pipe.state.lock().task.upgrade() {
                    task.work.recoverable.store(false, Ordering::SeqCst);
                }
            }
            self.hw().write_gp(gp::INT_MASK, 0);
            pipe.state.lock().error = true;
            true
        } else {
            pipe.state.lock().error = false;
            let valid = state & (gp::IRQ_VS_END | gp::IRQ_PLBU_END) != 0;
            valid && status & (gp::STATUS_VS_ACTIVE | gp::STATUS_PLBU_ACTIVE) == 0
        };
        self.hw().write_gp(gp::INT_CLEAR, state);
        if done {
            self.task_done(PIPE_GP);
        }
    }

    /// `lima_gp_task_error`, with the hard reset.
    pub(crate) fn gp_error(&self) {
        let state = self.hw().read_gp(gp::INT_STAT);
        let status = self.hw().read_gp(gp::STATUS);
        self.log(format!(
            "lima: gp task error int_state={state:x} status={status:x}"
        ));
        let hw = self.hw();
        hw.write_gp(gp::PERF_CNT_0_LIMIT, RESET_PROBE[0]);
        hw.write_gp(gp::INT_MASK, 0);
        hw.write_gp(gp::CMD, gp::CMD_STOP_BUS);
        hw.write_gp(gp::CMD, gp::CMD_RESET);
        hw.write_gp(gp::PERF_CNT_0_LIMIT, RESET_PROBE[1]);
        hw.write_gp(gp::PERF_CNT_0_LIMIT, 0);
        hw.write_gp(gp::INT_CLEAR, gp::IRQ_ALL);
        hw.write_gp(gp::INT_MASK, gp::IRQ_USED);
        *self.async_reset_gp.lock() = false;
    }

    /// `lima_gp_task_recover`: grows the heap, unless another job did meanwhile, and lets the unit go on behind its old end.
    ///
    /// Errors of the growth.
    pub(crate) fn gp_recover(&self, job: &Arc<Job<Task>>) -> Result {
        let task = &job.work;
        let objects = task.objects();
        let heap = task.heap.lock().and_then(|index| objects.get(index));
        let (Frame::Gp(frame), Some(heap), Some(vm)) = (
            &task.frame,
            heap.and_then(|object| self.bo(object)),
            task.vm(),
        ) else {
            return Err(Errno::EINVAL);
        };
        let mut frame = frame.lock();
        let failed = u64::from(frame.alloc_end.wrapping_sub(frame.alloc_start));
        if failed == heap.heap_size() {
            heap.grow_heap(&vm)?;
        }
        self.hw().write_gp(gp::INT_MASK, gp::IRQ_USED);
        self.hw().write_gp(gp::ALLOC_START, frame.alloc_end);
        frame.alloc_end = frame.alloc_start.wrapping_add(heap.heap_size() as u32);
        self.hw().write_gp(gp::ALLOC_END, frame.alloc_end);
        self.hw().write_gp(gp::CMD, gp::CMD_UPDATE_PLBU_ALLOC);
        Ok(())
    }
}

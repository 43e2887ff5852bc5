//! The pixel processors, one by one or by broadcast (`lima_pp.c`, `lima_bcast.c`, `lima_dlbu.c`).

use drm_core::errno::{Errno, Result};
use drm_core::sync::Arc;
use port_kit::mmu::lima::DLBU_VA;
use port_kit::sched::Job;

use crate::device::Lima;
use crate::hw::{Model, NUM_PP};
use crate::regs::{bcast, dlbu, pp};
use crate::submit::{Frame, Task};
use crate::uapi::PIPE_PP;

/// `lima_pp_task_validate`: no more processors than there are, and at least one.
pub(crate) fn validate(frame: &Frame) -> Result {
    let (num_pp, pad) = match frame {
        Frame::Gp(_) => return Err(Errno::EINVAL),
        Frame::Pp400(frame) => (frame.num_pp, 0),
        Frame::Pp450(frame) => (frame.num_pp, frame.pad),
    };
    if pad != 0 || num_pp == 0 || num_pp as usize > NUM_PP {
        return Err(Errno::EINVAL);
    }
    Ok(())
}

/// `lima_pp_write_frame`
fn write_frame(words: &[u32; 23], wb: &[[u32; 12]; 3], mut write: impl FnMut(u32, u32)) {
    for (n, word) in (0..).zip(words) {
        write(pp::FRAME + 4 * n, *word);
    }
    for (first, unit) in pp::WB.into_iter().zip(wb) {
        for (n, word) in (0..).zip(unit) {
            write(first + 4 * n, *word);
        }
    }
}

fn mask(num_pp: u32) -> u32 {
    (1 << num_pp) - 1
}

impl Lima {
    pub(crate) fn pp_soft_reset_async(&self, n: usize) {
        let pending = &mut self.async_reset_pp.lock()[n];
        if *pending {
            return;
        }
        self.hw().write_pp(n, pp::INT_MASK, 0);
        self.hw().write_pp(n, pp::INT_RAWSTAT, pp::IRQ_ALL);
        self.hw().write_pp(n, pp::CTRL, pp::CTRL_SOFT_RESET);
        *pending = true;
    }

    pub(crate) fn pp_soft_reset_wait(&self, n: usize) {
        let pending = &mut self.async_reset_pp.lock()[n];
        if *pending {
            self.pp_soft_reset_wait_one(n);
            *pending = false;
        }
    }

    fn pp_soft_reset_wait_one(&self, n: usize) {
        let active = self.hw().read_pp(n, pp::STATUS) & pp::STATUS_ACTIVE != 0;
        if active || self.hw().read_pp(n, pp::INT_RAWSTAT) != pp::IRQ_RESET_COMPLETED {
            self.log(format!("lima: pp{n} reset time out"));
            return;
        }
        self.hw().write_pp(n, pp::INT_CLEAR, pp::IRQ_ALL);
        self.hw().write_pp(n, pp::INT_MASK, pp::IRQ_USED);
    }

    fn bcast_soft_reset_async(&self) {
        let mut pending = self.async_reset_bcast.lock();
        if *pending {
            return;
        }
        self.hw().write_pp_bcast(pp::INT_MASK, 0);
        self.hw().write_pp_bcast(pp::INT_RAWSTAT, pp::IRQ_ALL);
        self.hw().write_pp_bcast(pp::CTRL, pp::CTRL_SOFT_RESET);
        *pending = true;
    }

    fn bcast_soft_reset_wait(&self, num_pp: u32) {
        let mut pending = self.async_reset_bcast.lock();
        if *pending {
            (0..num_pp as usize).for_each(|n| self.pp_soft_reset_wait_one(n));
            *pending = false;
        }
    }

    pub(crate) fn bcast_init(&self) {
        let all = mask(NUM_PP as u32);
        self.hw().write_bcast(bcast::BROADCAST_MASK, all << 16);
        self.hw().write_bcast(bcast::INTERRUPT_MASK, all);
    }

    /// `lima_pp_task_run`
    pub(crate) fn pp_run(&self, job: &Arc<Job<Task>>) {
        let state = &self.pipe(PIPE_PP).state;
        match &job.work.frame {
            Frame::Gp(_) => {}
            Frame::Pp400(frame) => {
                state.lock().left = frame.num_pp;
                for n in 0..frame.num_pp as usize {
                    let mut words = frame.frame;
                    words[pp::FRAME as usize / 4] = frame.plbu_array_address[n];
                    words[pp::STACK as usize / 4] = frame.fragment_stack_address[n];
                    self.pp_soft_reset_wait(n);
                    write_frame(&words, &frame.wb, |reg, value| {
                        self.hw().write_pp(n, reg, value);
                    });
                    self.hw().write_pp(n, pp::CTRL, pp::CTRL_START);
                }
            }
            Frame::Pp450(frame) => {
                {
                    let mut state = state.lock();
                    (state.left, state.done) = (frame.num_pp, 0);
                }
                let balanced = frame.use_dlbu != 0;
                let enabled = if balanced { mask(frame.num_pp) } else { 0 };
                self.hw().write_dlbu(dlbu::PP_ENABLE_MASK, enabled);
                let mut words = frame.frame;
                if balanced {
                    words[pp::FRAME as usize / 4] = DLBU_VA;
                    for (n, value) in (0..4).zip(frame.plbu_array_address) {
                        self.hw().write_dlbu(dlbu::TLLIST_VBASEADDR + 4 * n, value);
                    }
                }
                let kept = self.hw().read_bcast(bcast::BROADCAST_MASK) & 0xffff_0000;
                self.hw()
                    .write_bcast(bcast::BROADCAST_MASK, kept | mask(frame.num_pp));
                self.bcast_soft_reset_wait(frame.num_pp);
                write_frame(&words, &frame.wb, |reg, value| {
                    self.hw().write_pp_bcast(reg, value);
                });
                for n in 0..frame.num_pp as usize {
                    let stack = frame.fragment_stack_address[n];
                    self.hw().write_pp(n, pp::STACK, stack);
                    if !balanced {
                        let list = frame.plbu_array_address[n];
                        self.hw().write_pp(n, pp::FRAME, list);
                    }
                }
                self.hw().write_pp_bcast(pp::CTRL, pp::CTRL_START);
            }
        }
    }

    fn pp_handle(&self, n: usize, state: u32) {
        if state & pp::IRQ_ERROR != 0 {
            let status = self.hw().read_pp(n, pp::STATUS);
            self.log(format!(
                "lima: pp{n} error irq state={state:x} status={status:x}"
            ));
            self.pipe(PIPE_PP).state.lock().error = true;
            self.hw().write_pp(n, pp::INT_MASK, 0);
        }
        self.hw().write_pp(n, pp::INT_CLEAR, state);
    }

    /// `lima_pp_irq_handler`
    pub(crate) fn pp_irq(&self, n: usize) {
        let state = self.hw().read_pp(n, pp::INT_STATUS);
        if state != 0 {
            self.pp_handle(n, state);
            self.pp_one_done();
        }
    }

    /// `lima_pp_bcast_irq_handler`: looks at every processor of the job that was not seen to be done.
    pub(crate) fn pp_bcast_irq(&self) {
        let pipe = self.pipe(PIPE_PP);
        let Some(job) = pipe.state.lock().task.upgrade() else {
            return;
        };
        let Frame::Pp450(frame) = &job.work.frame else {
            return;
        };
        for n in 0..frame.num_pp as usize {
            if pipe.state.lock().done & 1 << n != 0 {
                continue;
            }
            let status = self.hw().read_pp(n, pp::STATUS);
            let state = self.hw().read_pp(n, pp::INT_STATUS);
            if state != 0 {
                self.pp_handle(n, state);
            } else if status & pp::STATUS_ACTIVE != 0 {
                continue;
            }
            pipe.state.lock().done |= 1 << n;
            self.pp_one_done();
        }
    }

    /// One processor less to wait for.
    pub(crate) fn pp_one_done(&self) {
        let last = {
            let mut state = self.pipe(PIPE_PP).state.lock();
            state.left = state.left.wrapping_sub(1);
            state.left == 0
        };
        if last {
            self.task_done(PIPE_PP);
        }
    }

    /// `lima_pp_task_fini`
    pub(crate) fn pp_fini(&self) {
        match self.config().model {
            Model::Mali400 => (0..NUM_PP).for_each(|n| self.pp_soft_reset_async(n)),
            Model::Mali450 => self.bcast_soft_reset_async(),
        }
    }

    /// `lima_pp_task_error`, with the hard resets.
    pub(crate) fn pp_error(&self) {
        for n in 0..NUM_PP {
            let hw = self.hw();
            let state = hw.read_pp(n, pp::INT_STATUS);
            let status = hw.read_pp(n, pp::STATUS);
            self.log(format!(
                "lima: pp{n} task error {n} int_state={state:x} status={status:x}"
            ));
            hw.write_pp(n, pp::INT_MASK, 0);
            hw.write_pp(n, pp::CTRL, pp::CTRL_STOP_BUS);
            hw.write_pp(n, pp::CTRL, pp::CTRL_FORCE_RESET);
            hw.write_pp(n, pp::PERF_CNT_0_LIMIT, 0);
            hw.write_pp(n, pp::INT_CLEAR, pp::IRQ_ALL);
            hw.write_pp(n, pp::INT_MASK, pp::IRQ_USED);
            self.async_reset_pp.lock()[n] = false;
        }
        if self.is_broadcast() {
            self.bcast_init();
        }
    }

    /// `lima_pp_task_mask_irq`
    pub(crate) fn pp_mask_irq(&self) {
        for n in 0..NUM_PP {
            self.hw().write_pp(n, pp::INT_MASK, 0);
        }
        if self.is_broadcast() {
            self.hw().write_bcast(bcast::BROADCAST_MASK, 0);
            self.hw().write_bcast(bcast::INTERRUPT_MASK, 0);
        }
    }
}

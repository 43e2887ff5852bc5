//! Task work: what the kernel does on its way back to user space, last queued first.
//!
//! The last reference to a file (a dma-buf above all) is not dropped where it is given up but when the system call that
//! gave it up returns (`fput`, `task_work_run`). Addresses that are handed out again depend on it.

use std::fmt;

use super::Machine;
use crate::sync::Mutex;

type Work = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct State {
    depth: usize,
    queue: Vec<Work>,
}

/// The queue of one machine.
#[derive(Default)]
pub(super) struct TaskWork(Mutex<State>);

impl fmt::Debug for TaskWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskWork")
            .field("queued", &self.0.lock().queue.len())
            .finish()
    }
}

/// A system call under way. When the outermost one ends, the queued work runs.
#[derive(Debug)]
#[must_use = "the system call ends when this is dropped"]
pub struct Syscall {
    machine: Machine,
}

impl Machine {
    /// Enters a system call.
    pub fn syscall(&self) -> Syscall {
        self.task_work.0.lock().depth += 1;
        Syscall {
            machine: self.clone(),
        }
    }

    /// Does `work` when the system call returns; at once outside of one.
    pub fn task_work(&self, work: impl FnOnce() + Send + 'static) {
        let mut state = self.task_work.0.lock();
        if state.depth == 0 {
            drop(state);
            work();
        } else {
            state.queue.push(Box::new(work));
        }
    }
}

impl Drop for Syscall {
    fn drop(&mut self) {
        loop {
            let mut state = self.machine.task_work.0.lock();
            let work = if state.depth == 1 {
                state.queue.pop()
            } else {
                None
            };
            match work {
                Some(work) => {
                    drop(state);
                    work();
                }
                None => {
                    state.depth -= 1;
                    return;
                }
            }
        }
    }
}

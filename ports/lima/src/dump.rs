//! What is saved of a job that failed (`lima_sched_build_error_task_list`, `lima_dump.h`).

use drm_core::sync::Arc;
use port_kit::sched::Job;

use crate::device::Lima;
use crate::submit::{Frame, Task};

/// One object of a failed job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorBuffer {
    /// Its address in the job's space.
    pub va: u32,
    /// What was backed of it.
    pub bytes: Vec<u8>,
}

/// A failed job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorTask {
    /// The pipe that it ran on.
    pub pipe: u32,
    /// Its registers, as they were when it failed.
    pub frame: Vec<u8>,
    /// Its objects.
    pub buffers: Vec<ErrorBuffer>,
}

impl Lima {
    /// Saves a job, unless enough are saved or an object cannot be copied.
    pub(crate) fn save_error_task(&self, job: &Arc<Job<Task>>) {
        let mut saved = self.error_tasks.lock();
        if saved.len() >= self.config().max_error_tasks {
            self.log("lima: fail to save task state: error task list is full");
            return;
        }
        let task = &job.work;
        let frame = match &task.frame {
            Frame::Gp(frame) => bytemuck::bytes_of(&*frame.lock()).to_vec(),
            Frame::Pp400(frame) => bytemuck::bytes_of(&**frame).to_vec(),
            Frame::Pp450(frame) => bytemuck::bytes_of(&**frame).to_vec(),
        };
        let vm = task.vm();
        let mut buffers = Vec::new();
        for object in task.objects() {
            let (Some(bo), Some(vm)) = (self.bo(&object), &vm) else {
                return;
            };
            let Ok(bytes) = bo.dump() else { return };
            let va = bo.mapping(vm).map_or(0, |mapping| mapping.va as u32);
            buffers.push(ErrorBuffer { va, bytes });
        }
        saved.push(ErrorTask {
            pipe: task.pipe,
            frame,
            buffers,
        });
        self.log("lima: save error task state success");
    }
}

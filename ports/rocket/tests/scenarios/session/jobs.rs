//! Jobs: commands for the NPU, submission, time.

use bytemuck::bytes_of;
use drm_core::errno::Result;
use port_kit::trace::{ioctl, outcome};
use port_rocket::hw::regs::{
    DPU_DATA_CUBE_WIDTH, DPU_DST_BASE_ADDR, DPU_RDMA_SRC_BASE_ADDR, command,
};
use port_rocket::uapi;

use super::{Bo, Fd, Mapped, Session};

/// Commands of a task that copies `bytes` bytes.
pub(crate) fn copy(from: u64, to: u64, bytes: u32) -> [u64; 4] {
    [
        command(DPU_RDMA_SRC_BASE_ADDR, from as u32),
        command(DPU_DST_BASE_ADDR, to as u32),
        command(DPU_DATA_CUBE_WIDTH, bytes - 1),
        0,
    ]
}

/// A job of one task, or a bad one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Job {
    /// Device addresses of its tasks' commands, four each.
    pub(crate) tasks: Vec<u64>,
    pub(crate) reads: Vec<u32>,
    pub(crate) writes: Vec<u32>,
    /// Commands of each task; 4 unless the job is bad.
    pub(crate) commands: u32,
    /// Bytes of a task; 8 unless the job is bad.
    pub(crate) task_size: u32,
}

impl Job {
    /// One task with four commands at `commands`.
    pub(crate) fn new(commands: u64, reads: &[Bo], writes: &[Bo]) -> Self {
        let handles = |bos: &[Bo]| bos.iter().map(|bo| bo.handle).collect();
        Self {
            tasks: vec![commands],
            reads: handles(reads),
            writes: handles(writes),
            commands: 4,
            task_size: 8,
        }
    }
}

impl Session {
    /// SUBMIT of one job.
    pub(crate) fn submit(&mut self, fd: Fd, job: &Job) {
        let tasks: Vec<u8> = job
            .tasks
            .iter()
            .flat_map(|at| {
                bytes_of(&uapi::Task {
                    regcmd: *at as u32,
                    regcmd_count: job.commands,
                })
                .to_vec()
            })
            .collect();
        let user = self.machine.user();
        let words = |words: &[u32]| {
            user.put(
                &words
                    .iter()
                    .flat_map(|word| word.to_ne_bytes())
                    .collect::<Vec<u8>>(),
            )
        };
        let args = uapi::Job {
            tasks: user.put(&tasks),
            in_bo_handles: words(&job.reads),
            out_bo_handles: words(&job.writes),
            task_count: job.tasks.len() as u32,
            task_struct_size: job.task_size,
            in_bo_handle_count: job.reads.len() as u32,
            out_bo_handle_count: job.writes.len() as u32,
        };
        let jobs = user.put(bytes_of(&args));
        let submit = uapi::Submit {
            jobs,
            job_count: 1,
            job_struct_size: size_of::<uapi::Job>() as u32,
            reserved: 0,
        };
        let text = format!(
            "submit in file {}: {} tasks, reads {:?}, writes {:?}",
            fd.0,
            job.tasks.len(),
            job.reads,
            job.writes
        );
        self.submit_raw(fd, &text, submit);
    }

    /// SUBMIT with any argument.
    pub(crate) fn submit_raw(&mut self, fd: Fd, what: &str, mut args: uapi::Submit) {
        let result: Result = ioctl(&self.file(fd), uapi::SUBMIT, &mut args);
        self.record(what, outcome(&result));
    }

    /// Commands in a buffer that is made for them; where they are.
    pub(crate) fn commands(&mut self, fd: Fd, commands: &[u64]) -> (Bo, Mapped) {
        let bo = self.create(fd, 4096);
        let map = self.map(bo, 1);
        self.write_commands(map, commands);
        self.fini(bo, 0);
        (bo, map)
    }

    /// Lets the hardware work, and time pass.
    pub(crate) fn run(&mut self, ms: u64) {
        let until = drm_core::machine::Deadline::At(self.machine.clock().now() + ms * 1_000_000);
        // Nothing ends this wait but its time.
        let _: Result = self.machine.wait_until(until, || false);
        self.record(format_args!("{ms} ms pass"), "ok");
    }

    /// Tasks take for ever, or as long as they should.
    pub(crate) fn slow(&mut self, slow: bool) {
        self.rocket.npu().pause(slow);
        self.trace.line(if slow {
            "tasks take long"
        } else {
            "tasks go on"
        });
    }

    /// Which files' page tables the cores were given since this was last asked.
    pub(crate) fn attached(&mut self) {
        let mut roots = Vec::new();
        for (fd, file) in self.files() {
            if let Some(domain) = self.rocket.domain(file) {
                roots.push((domain.root(), fd.0));
            }
        }
        let of = |root: &u64| {
            let known = roots.iter().find(|(known, _)| known == root);
            known.map_or("of a closed file".to_owned(), |(_, fd)| {
                format!("file {fd}")
            })
        };
        let cores: Vec<String> = (0..port_rocket::hw::CORES)
            .map(|index| {
                let history = self.rocket.npu().core(index).iommu().take_history();
                let tables: Vec<String> = history.iter().map(of).collect();
                format!(
                    "core {index}: [{}] group refs {}",
                    tables.join(", "),
                    self.rocket.group_refs(index)
                )
            })
            .collect();
        self.record("page tables attached", cores.join("; "));
    }
}

//! Jobs, and what the firmware did.

use drm_core::errno::Result;
use port_imagination::fwif::mmucache;
use port_imagination::hw::Command;
use port_imagination::uapi::*;

use super::Session;

impl Session {
    /// Records the commands that the firmware executed since the last time, and what is put off.
    pub fn show_commands(&mut self) {
        let commands = self.pvr.gpu.take_commands();
        let commands: Vec<String> = commands.iter().map(show_command).collect();
        let pending = flush_flags(self.pvr.control.pending_flush());
        self.trace.line(format_args!(
            "firmware did [{}], put off: {pending}",
            commands.join(", ")
        ));
    }

    /// Submits a compute job whose program is at an address, through a context that is made for it; recorded.
    pub fn submit(&mut self, context: u32, program: u64) -> Result {
        let stream = port_imagination::stream::client::compute(program);
        let result = self.submit_stream(job_type::COMPUTE, context, &stream, &[]);
        self.record(format_args!("submit {program:#x}"), &result);
        self.settle();
        self.trace.log(&self.machine);
        result
    }

    /// Submits one job, not recorded.
    pub fn submit_stream(
        &self,
        kind: u32,
        context: u32,
        stream: &[u8],
        sync_ops: &[SyncOp],
    ) -> Result {
        let job = JobArgs {
            kind,
            context_handle: context,
            cmd_stream_len: stream.len() as u32,
            cmd_stream: self.machine.user().put(stream),
            sync_ops: self.array(sync_ops),
            ..JobArgs::default()
        };
        self.submit_jobs(&[job]).1
    }

    /// Submits jobs, not recorded; the count afterwards, and the answer.
    pub fn submit_jobs(&self, jobs: &[JobArgs]) -> (u32, Result) {
        let mut args = SubmitJobs {
            jobs: self.array(jobs),
        };
        let result = self.raw(0, SUBMIT_JOBS, &mut args);
        (args.jobs.count, result)
    }

    /// An array of structs in user memory.
    pub fn array<T: bytemuck::Pod>(&self, items: &[T]) -> ObjArray {
        ObjArray {
            stride: size_of::<T>() as u32,
            count: items.len() as u32,
            array: self.machine.user().put(bytemuck::cast_slice(items)),
        }
    }

    /// A compute context in an address space.
    pub fn compute_context(&mut self, vm: u32) -> u32 {
        let state = port_imagination::stream::client::compute_state();
        let mut args = CreateContext {
            kind: ctx_type::COMPUTE,
            vm_context_handle: vm,
            static_context_state: self.machine.user().put(&state),
            static_context_state_len: state.len() as u32,
            ..CreateContext::default()
        };
        self.raw(0, CREATE_CONTEXT, &mut args).expect("memory");
        self.settle();
        self.pvr.gpu.take_commands();
        args.handle
    }
}

/// Flush flags by the tables that they are about; the others are always there.
pub fn flush_flags(flags: u32) -> String {
    let tables: Vec<&str> = [
        (mmucache::PT, "pt"),
        (mmucache::PD, "pd"),
        (mmucache::PC, "pc"),
    ]
    .into_iter()
    .filter(|(bit, _)| flags & bit != 0)
    .map(|(_, name)| name)
    .collect();
    if tables.is_empty() {
        "nothing".to_owned()
    } else {
        tables.join("+")
    }
}

fn show_command(command: &Command) -> String {
    match command {
        Command::MmuCache { flags } => format!("flush {}", flush_flags(*flags)),
        Command::Kick { context } => format!("kick {context}"),
        Command::Cleanup { kind, busy } => {
            let kind = ["context", "render target", "free list"]
                .get(*kind as usize)
                .unwrap_or(&"?");
            format!("cleanup {kind}{}", if *busy { " busy" } else { "" })
        }
        Command::FreeListGrown { delta, new, ready } => {
            format!("grown delta={delta} new={new} ready={ready}")
        }
        Command::FreeListsReconstructed(ids) => format!("reconstructed {ids:?}"),
        Command::Power { kind } => format!("power {kind}"),
        Command::Unknown { kind } => format!("unknown {kind:#x}"),
    }
}

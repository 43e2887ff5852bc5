//! Groups, and streams for their queues.

use port_kit::mmu::Access;
use port_kit::trace::outcome;
use port_panthor::hw::op;
use port_panthor::sched::OomAnswer;
use port_panthor::uapi::*;

use super::Session;

/// Registers that streams use here: an address, and a value.
const ADDR: u64 = 0x10;
const VALUE: u64 = 0x20;

/// A stream, built up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stream(Vec<u64>);

impl Stream {
    fn mov(mut self, register: u64, value: u64) -> Self {
        self.0.push(op::MOV48 << 56 | register << 48 | value);
        self
    }

    fn then(mut self, instruction: u64) -> Self {
        self.0.push(instruction);
        self
    }

    /// Stores 4 bytes.
    pub(crate) fn store(self, va: u64, value: u32) -> Self {
        let store = op::STORE_MULTIPLE << 56 | VALUE << 48 | ADDR << 40 | 1 << 16;
        self.mov(ADDR, va).mov(VALUE, value.into()).then(store)
    }

    /// Loads 4 bytes, and stores them elsewhere.
    pub(crate) fn copy(self, from: u64, to: u64) -> Self {
        let transfer = |kind: u64| kind << 56 | VALUE << 48 | ADDR << 40 | 1 << 16;
        let loaded = self.mov(ADDR, from).then(transfer(op::LOAD_MULTIPLE));
        loaded.mov(ADDR, to).then(transfer(op::STORE_MULTIPLE))
    }

    /// Waits until 8 bytes are above a value.
    pub(crate) fn wait_above(self, va: u64, value: u64) -> Self {
        let wait = op::SYNC_WAIT64 << 56 | ADDR << 40 | VALUE << 32 | 1 << 28;
        self.mov(ADDR, va).mov(VALUE, value).then(wait)
    }

    /// Adds to 8 bytes.
    pub(crate) fn add(self, va: u64, value: u64) -> Self {
        let add = op::SYNC_ADD64 << 56 | ADDR << 40 | VALUE << 32;
        self.mov(ADDR, va).mov(VALUE, value).then(add)
    }

    /// Tiles with the heap whose context is at `va`: `passes` start, one less than `ended` more are over, and the job wants
    /// `chunks` of the heap.
    pub(crate) fn tile(self, context: u64, passes: u32, chunks: u64) -> Self {
        let mut stream = self
            .mov(ADDR, context)
            .then(op::HEAP_SET << 56 | ADDR << 40);
        for _ in 0..passes {
            stream = stream.then(op::HEAP_OPERATION << 56);
        }
        stream.then(op::RUN_IDVS << 56 | chunks)
    }

    /// An instruction that there is not.
    pub(crate) fn nonsense(self) -> Self {
        self.then(0xff << 56)
    }
}

impl Session {
    /// `GROUP_CREATE` with one queue of 4 KiB; the handle, 0 after an error.
    pub(crate) fn group(&mut self, file: usize, vm_id: u32) -> u32 {
        let queue = QueueCreate {
            ringbuf_size: 4096,
            ..QueueCreate::default()
        };
        let handle = self.group_create(
            file,
            GroupCreate {
                max_compute_cores: 1,
                max_fragment_cores: 1,
                max_tiler_cores: 1,
                compute_core_mask: 1,
                fragment_core_mask: 1,
                tiler_core_mask: 1,
                vm_id,
                ..GroupCreate::default()
            },
            &[queue],
        );
        let answer = handle.map_or_else(
            |error| error.to_string(),
            |handle| format!("ok handle={handle}"),
        );
        self.record(format_args!("group_create vm={vm_id}"), answer);
        handle.unwrap_or(0)
    }

    /// `GROUP_CREATE`, not recorded.
    pub(crate) fn group_create(
        &mut self,
        file: usize,
        mut args: GroupCreate,
        queues: &[QueueCreate],
    ) -> drm_core::Result<u32> {
        args.queues = ObjArray {
            stride: size_of::<QueueCreate>() as u32,
            count: queues.len() as u32,
            array: self.machine.user().put(bytemuck::cast_slice(queues)),
        };
        self.call(file, GROUP_CREATE, &mut args)?;
        Ok(args.group_handle)
    }

    /// `GROUP_DESTROY`.
    pub(crate) fn group_destroy(&mut self, file: usize, group_handle: u32) {
        let mut args = GroupDestroy {
            group_handle,
            pad: 0,
        };
        let result = self.call(file, GROUP_DESTROY, &mut args);
        self.record(
            format_args!("group_destroy {group_handle}"),
            outcome(&result),
        );
    }

    /// `GROUP_GET_STATE`.
    pub(crate) fn group_state(&mut self, file: usize, group_handle: u32) {
        let mut args = GroupGetState {
            group_handle,
            ..GroupGetState::default()
        };
        let result = self.call(file, GROUP_GET_STATE, &mut args);
        let answer = match result {
            Ok(()) => format!(
                "state={:#x} fatal_queues={:#x}",
                args.state, args.fatal_queues
            ),
            Err(_) => outcome(&result),
        };
        self.record(format_args!("group_get_state {group_handle}"), answer);
    }

    /// Puts a stream where a space has it mapped, as the GPU would see it; nothing is recorded.
    pub(crate) fn load_stream(&mut self, file: usize, vm: u32, va: u64, stream: &Stream) {
        let space = self.look(file, vm).expect("the space is there");
        for (instruction, i) in stream.0.iter().zip(0..) {
            let (pa, _) = space
                .translate(va + 8 * i, Access::Read)
                .expect("the stream is mapped");
            self.machine.ram().write_u64(pa, *instruction);
        }
    }

    /// `GROUP_SUBMIT` of a stream at `va`, which is put there first; `done` is signalled.
    pub(crate) fn submit(
        &mut self,
        file: usize,
        vm: u32,
        group: u32,
        va: u64,
        stream: &Stream,
        done: u32,
    ) {
        self.load_stream(file, vm, va, stream);
        let result = self.submit_raw(file, group, va, 8 * stream.0.len() as u32, done);
        self.record(format_args!("submit to group {group}"), outcome(&result));
    }

    /// `GROUP_SUBMIT` of whatever is at `va`, not recorded.
    pub(crate) fn submit_raw(
        &mut self,
        file: usize,
        group: u32,
        va: u64,
        size: u32,
        done: u32,
    ) -> drm_core::Result {
        let sync = SyncOp {
            flags: SYNC_OP_SIGNAL,
            handle: done,
            timeline_value: 0,
        };
        let user = self.machine.user();
        let submit = QueueSubmit {
            stream_size: size,
            stream_addr: va,
            syncs: ObjArray {
                stride: size_of::<SyncOp>() as u32,
                count: 1,
                array: user.put(bytemuck::bytes_of(&sync)),
            },
            ..QueueSubmit::default()
        };
        let mut args = GroupSubmit {
            group_handle: group,
            pad: 0,
            queue_submits: ObjArray {
                stride: size_of::<QueueSubmit>() as u32,
                count: 1,
                array: user.put(bytemuck::bytes_of(&submit)),
            },
        };
        self.call(file, GROUP_SUBMIT, &mut args)
    }

    /// What the firmware was answered when a heap ran out.
    pub(crate) fn oom_answers(&mut self) {
        let answers = self
            .gpu
            .take_oom_answers()
            .into_iter()
            .map(|answer| match answer {
                OomAnswer::Chunk(chunk) => format!("{chunk:#x}"),
                OomAnswer::Dropped => "dropped".to_owned(),
                OomAnswer::Fatal => "fatal".to_owned(),
            });
        let answers = answers.collect::<Vec<_>>().join(", ");
        self.trace
            .line(format_args!("  tiler out of memory, answered: {answers}"));
    }
}

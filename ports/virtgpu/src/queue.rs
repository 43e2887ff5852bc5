//! The control queue (`virtgpu_vq.c`): commands wait in it until the host answers, and hold what they are about.

use std::collections::VecDeque;
use std::fmt::Write as _;

use drm_core::device::{File, WeakDevice};
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::machine::{Event, Machine};
use drm_core::resv::{Fence, FenceContext, ResvGuard, Usage};
use drm_core::sync::{Arc, Mutex, OnceLock};
use port_kit::locking::lock_reservations;

use crate::host::Host;
use crate::host::command::{Command, Header, Response};

/// Objects of a command (`struct virtio_gpu_object_array`): held until it is answered, and locked until it is queued.
#[derive(Default)]
pub(crate) struct Objects {
    objects: Vec<Gem>,
    guards: Vec<ResvGuard>,
}

impl Objects {
    pub(crate) fn one(object: &Gem) -> Self {
        Self {
            objects: vec![object.clone()],
            guards: Vec::new(),
        }
    }

    /// `ENOENT` for an unknown handle (`virtio_gpu_array_from_handles`).
    pub(crate) fn from_handles(file: &File, handles: &[u32]) -> Result<Self> {
        let objects: Option<Vec<Gem>> = handles.iter().map(|handle| file.lookup(*handle)).collect();
        Ok(Self {
            objects: objects.ok_or(Errno::ENOENT)?,
            guards: Vec::new(),
        })
    }

    pub(crate) fn first(&self) -> Option<&Gem> {
        self.objects.first()
    }

    /// Locks all, and makes room for a fence (`virtio_gpu_array_lock_resv`). `EINTR` for one alone; `EALREADY` for one that is listed
    /// twice; `ENOMEM`.
    pub(crate) fn lock_resv(&mut self) -> Result {
        self.guards = match self.objects.as_slice() {
            [only] => vec![only.gem().resv().lock_interruptible()?],
            many => lock_reservations(many)?,
        };
        let reserved = self
            .guards
            .iter_mut()
            .try_for_each(|guard| guard.reserve_fences(1));
        reserved.inspect_err(|_| self.guards.clear())
    }

    /// The same for one, whatever happens (`virtio_gpu_lock_one_resv_uninterruptible`).
    pub(crate) fn lock_one_resv(&mut self) -> Result {
        let [only] = self.objects.as_slice() else {
            return Err(Errno::EINVAL);
        };
        self.guards = vec![only.gem().resv().lock()];
        let reserved = self.guards[0].reserve_fences(1);
        reserved.inspect_err(|_| self.guards.clear())
    }
}

/// A fence that has no number yet: it gets one with its place in the queue (`struct virtio_gpu_fence`).
#[derive(Clone)]
pub(crate) struct FenceAlloc {
    context: Arc<FenceContext>,
    /// The ring, of a context with rings.
    ring_idx: Option<u32>,
    emitted: Arc<OnceLock<Fence>>,
}

impl FenceAlloc {
    pub(crate) fn new(context: &Arc<FenceContext>, ring_idx: Option<u32>) -> Self {
        Self {
            context: Arc::clone(context),
            ring_idx,
            emitted: Arc::default(),
        }
    }

    /// Whether a fence is of the same sequence (`dma_fence_match_context`).
    pub(crate) fn is_context_of(&self, fence: &Fence) -> bool {
        self.context.id() == fence.context()
    }

    /// The fence, once its command is queued.
    pub(crate) fn fence(&self) -> Option<&Fence> {
        self.emitted.get()
    }
}

type Callback = Box<dyn FnOnce(&Response) + Send>;

/// A command on its way (`struct virtio_gpu_vbuffer`).
pub(crate) struct Vbuf {
    header: Header,
    command: Command,
    objects: Objects,
    fence: Option<FenceAlloc>,
    callback: Option<Callback>,
}

impl Vbuf {
    pub(crate) fn new(command: Command) -> Self {
        Self {
            header: Header::default(),
            command,
            objects: Objects::default(),
            fence: None,
            callback: None,
        }
    }

    pub(crate) fn ctx(mut self, ctx_id: u32) -> Self {
        self.header.ctx_id = ctx_id;
        self
    }

    /// Holds `objects` until the answer.
    pub(crate) fn objects(mut self, objects: Objects) -> Self {
        self.objects = objects;
        self
    }

    /// Signals `fence` with the answer; it is added to the objects, which are locked, and unlocks them.
    pub(crate) fn fence(mut self, fence: Option<FenceAlloc>) -> Self {
        self.fence = fence;
        self
    }

    /// Runs with the answer (`resp_cb`).
    pub(crate) fn callback(mut self, callback: impl FnOnce(&Response) + Send + 'static) -> Self {
        self.callback = Some(Box::new(callback));
        self
    }
}

#[derive(Default)]
struct State {
    pending: VecDeque<Vbuf>,
    /// Number of the last fence (`current_fence_id`).
    fence_id: u64,
    /// A line for each command since it was last read.
    log: Vec<String>,
}

pub(crate) struct Shared {
    machine: Machine,
    host: Arc<Host>,
    state: Mutex<State>,
    drm: OnceLock<WeakDevice>,
}

/// The queue. A clone is the same.
#[derive(Clone)]
pub(crate) struct Queue(Arc<Shared>);

impl std::ops::Deref for Queue {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Queue {
    /// The host answers one command whenever the guest waits.
    pub(crate) fn new(machine: &Machine, host: &Arc<Host>) -> Self {
        let shared = Arc::new(Shared {
            machine: machine.clone(),
            host: Arc::clone(host),
            state: Mutex::default(),
            drm: OnceLock::new(),
        });
        let weak = Arc::downgrade(&shared);
        machine.add_hardware(move || weak.upgrade().is_some_and(|shared| shared.answer_one()));
        Self(shared)
    }

    pub(crate) fn connect(&self, drm: WeakDevice) {
        // The probe says it once.
        let _ = self.drm.set(drm);
    }

    fn is_unplugged(&self) -> bool {
        let device = self.drm.get().and_then(WeakDevice::upgrade);
        device.is_none_or(|device| device.is_unplugged())
    }

    /// Queues a command (`virtio_gpu_queue_ctrl_sgs`). When the device is gone, what was to run with the answer: the references to the
    /// objects are then lost, as in the kernel.
    pub(crate) fn queue(&self, mut vbuf: Vbuf) -> std::result::Result<(), Option<Callback>> {
        if self.is_unplugged() {
            vbuf.objects.guards.clear();
            vbuf.objects.objects.drain(..).for_each(std::mem::forget);
            return Err(vbuf.callback);
        }
        let mut state = self.state.lock();
        if let Some(fence) = &vbuf.fence {
            state.fence_id += 1;
            vbuf.header.fence_id = Some(state.fence_id);
            vbuf.header.ring_idx = fence.ring_idx;
            let emitted = fence.emitted.get_or_init(|| fence.context.fence());
            for guard in &mut vbuf.objects.guards {
                guard.add_fence(emitted, Usage::Write);
            }
        }
        vbuf.objects.guards.clear();
        let mut line = vbuf.command.to_string();
        let header = &vbuf.header;
        // A string takes everything.
        let _ = match (header.ctx_id, header.ring_idx) {
            (0, _) => Ok(()),
            (ctx, None) => write!(line, " ctx={ctx}"),
            (ctx, Some(ring)) => write!(line, " ctx={ctx} ring={ring}"),
        };
        if vbuf.fence.is_some() {
            line.push_str(" fenced");
        }
        state.log.push(line);
        state.pending.push_back(vbuf);
        Ok(())
    }

    /// The same for a command whose fate nobody looks at.
    pub(crate) fn send(&self, vbuf: Vbuf) {
        // Without a callback nothing is left to be done.
        let _ = self.queue(vbuf);
    }

    /// Sends a command by the cursor queue, where the host takes it at once and answers nothing (`virtio_gpu_queue_cursor`).
    pub(crate) fn send_cursor(&self, command: &Command) {
        if self.is_unplugged() {
            return;
        }
        self.state.lock().log.push(command.to_string());
        // Nobody looks at it.
        let _ = self.host.execute(&Header::default(), command);
    }

    /// The host answers everything that waits, and what comes of it. How many commands that were; none while it is stopped.
    pub(crate) fn answer_all(&self) -> usize {
        let mut answered = 0;
        while self.answer_one() {
            answered += 1;
        }
        answered
    }

    /// The host answers the oldest command; `false` without one, or while it is stopped.
    pub(crate) fn answer_next(&self) -> bool {
        self.answer_one()
    }

    /// Commands that wait.
    pub(crate) fn pending(&self) -> usize {
        self.state.lock().pending.len()
    }

    /// A line for each command since this was last asked.
    pub(crate) fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().log)
    }

    /// The device goes (`virtio_gpu_reclaim_vbufs`): commands are freed, and the objects that they held are lost.
    pub(crate) fn reclaim(&self) {
        let pending = std::mem::take(&mut self.state.lock().pending);
        for mut vbuf in pending {
            vbuf.objects.objects.drain(..).for_each(std::mem::forget);
        }
    }
}

impl Shared {
    /// One answer (`virtio_gpu_dequeue_ctrl_func`): errors are logged and forgotten, the fence is signalled, the callback runs, and the
    /// objects are given up. `false` without a command, or while the host is stopped.
    fn answer_one(&self) -> bool {
        if self.host.is_stopped() {
            return false;
        }
        let Some(vbuf) = self.state.lock().pending.pop_front() else {
            return false;
        };
        let response = self.host.execute(&vbuf.header, &vbuf.command);
        if let Response::Error(error) = response {
            let number = vbuf.command.number();
            let line = format!("virtio_gpu: response {error:#x} (command {number:#x})");
            self.machine.trace().record(Event::Log(line));
        }
        if let Some(fence) = vbuf.fence.as_ref().and_then(FenceAlloc::fence) {
            fence.signal();
        }
        if let Some(callback) = vbuf.callback {
            callback(&response);
        }
        drop(vbuf.objects);
        true
    }
}

//! The mock host: what it is told, and when it answers.

use drm_core::dma::Entry;
use drm_core::gem::Deferred;
use drm_core::sync::Mutex;

/// A command of the control queue (`struct virtio_gpu_ctrl_hdr` and what follows it).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// `RESOURCE_CREATE_2D` (0x101): id, pixels of a line, lines.
    Create2d(u32, u32, u32),
    /// `RESOURCE_ATTACH_BACKING` (0x106): id, where its bytes lie.
    AttachBacking(u32, Vec<Entry>),
    /// `RESOURCE_UNREF` (0x102): id.
    Unref(u32),
}

/// What frees an object once the host has answered.
type Done = Box<dyn FnOnce(Deferred) + Send>;

/// The host. It answers when it is told to. The guest looks at no answer to these commands, so an error and a success are the
/// same to it.
#[derive(Default)]
pub struct Host {
    log: Mutex<Vec<Command>>,
    unanswered: Mutex<Vec<(Deferred, Done)>>,
}

impl Host {
    /// Every command so far, in order.
    #[must_use]
    pub fn commands(&self) -> Vec<Command> {
        self.log.lock().clone()
    }

    /// Answers everything that is open: the response callbacks run, in order. The number of callbacks.
    pub fn answer(&self) -> usize {
        let open = std::mem::take(&mut *self.unanswered.lock());
        let answered = open.len();
        for (object, done) in open {
            done(object);
        }
        answered
    }

    pub(crate) fn queue(&self, command: Command) {
        self.log.lock().push(command);
    }

    /// Queues `command`; `done` gets `object` with the answer (`resp_cb`).
    pub(crate) fn queue_then(
        &self,
        command: Command,
        object: Deferred,
        done: impl FnOnce(Deferred) + Send + 'static,
    ) {
        self.queue(command);
        self.unanswered.lock().push((object, Box::new(done)));
    }
}

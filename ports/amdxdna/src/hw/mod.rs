//! The NPU and its firmware: contexts that see a window of device memory and, beyond it, whatever their address space is.

mod iommu;

use std::collections::{BTreeMap, VecDeque};

use bytemuck::{Pod, Zeroable};
use drm_core::PAGE_SIZE;
use drm_core::errno::{Errno, Result};
use drm_core::machine::Machine;
use drm_core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use drm_core::sync::{Arc, Mutex, Weak};

pub use iommu::Domain;
pub(crate) use iommu::Iova;

use crate::client::HEAP_BASE;
use crate::task::Task;

/// Nanoseconds that a command takes.
const COMMAND_NS: u64 = 1_000_000;

/// `copy`: `len` bytes from `src` to `dst`.
pub const OP_COPY: u32 = 1;
/// `add`: adds 1 to each of `len` bytes at `dst`.
pub const OP_ADD: u32 = 2;

/// What a command's payload is made of: this mock's own instructions.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct Instruction {
    /// [`OP_COPY`] or [`OP_ADD`].
    pub op: u32,
    /// Unused.
    pub pad: u32,
    /// Device address that is written.
    pub dst: u64,
    /// Device address that is read.
    pub src: u64,
    /// Bytes.
    pub len: u64,
}

/// What a context sees beyond its window.
#[derive(Clone)]
pub(crate) enum Space {
    /// The addresses of a process (PASID).
    Process(Weak<Task>),
    /// A paging domain.
    Iova(Arc<Domain>),
    /// RAM as it is.
    Physical,
}

/// A context of the firmware.
struct Context {
    space: Space,
    /// What the window shows, in order: address in the space, bytes.
    heap: Vec<(u64, u64)>,
}

/// A command in the mailbox: where in the window it is, and who wants to know.
struct Command {
    context: u32,
    at: u64,
    len: u64,
    done: Box<dyn FnOnce(bool) + Send>,
}

/// The device.
pub struct Npu {
    machine: Machine,
    contexts: Mutex<BTreeMap<u32, Context>>,
    mailbox: Mutex<VecDeque<Command>>,
    paused: AtomicBool,
    faults: AtomicU64,
    this: Weak<Npu>,
}

impl std::fmt::Debug for Npu {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Npu")
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}

impl Npu {
    pub(crate) fn new(machine: &Machine) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            machine: machine.clone(),
            contexts: Mutex::default(),
            mailbox: Mutex::default(),
            paused: AtomicBool::new(false),
            faults: AtomicU64::new(0),
            this: this.clone(),
        })
    }

    /// Commands wait until it goes on.
    pub fn pause(&self, paused: bool) {
        self.paused.store(paused, Ordering::SeqCst);
        if !paused {
            let waiting = self.mailbox.lock().len();
            (1..=waiting as u64).for_each(|nth| self.kick(nth * COMMAND_NS));
        }
    }

    /// Accesses that found nothing.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.faults.load(Ordering::SeqCst)
    }

    /// Message `CREATE_CONTEXT`.
    pub(crate) fn create_context(&self, space: Space) -> u32 {
        let mut contexts = self.contexts.lock();
        let id = (1..)
            .find(|id| !contexts.contains_key(id))
            .unwrap_or(u32::MAX);
        contexts.insert(
            id,
            Context {
                space,
                heap: Vec::new(),
            },
        );
        id
    }

    /// Message `DESTROY_CONTEXT`.
    pub(crate) fn destroy_context(&self, id: u32) {
        let context = self.contexts.lock().remove(&id);
        drop(context);
    }

    /// Messages 0x106 `MAP_HOST_BUFFER` and 0x115 `ADD_HOST_BUFFER`: `len` bytes more of the window are at `addr` of the space.
    pub(crate) fn add_host_buffer(&self, id: u32, addr: u64, len: u64) {
        if let Some(context) = self.contexts.lock().get_mut(&id) {
            context.heap.push((addr, len));
        }
    }

    /// Message `EXECUTE_BUFFER`: `done` is told whether it could be done.
    pub(crate) fn execute(
        &self,
        context: u32,
        at: u64,
        len: u64,
        done: impl FnOnce(bool) + Send + 'static,
    ) {
        self.mailbox.lock().push_back(Command {
            context,
            at,
            len,
            done: Box::new(done),
        });
        let waiting = self.mailbox.lock().len() as u64;
        self.kick(waiting * COMMAND_NS);
    }

    fn kick(&self, after: u64) {
        let this = self.this.clone();
        let at = self.machine.clock().now() + after;
        self.machine.at(at, move || {
            if let Some(this) = this.upgrade() {
                this.step();
            }
        });
    }

    fn step(&self) {
        if self.paused.load(Ordering::SeqCst) {
            return;
        }
        let command = self.mailbox.lock().pop_front();
        let Some(command) = command else { return };
        let ran = self.run(&command);
        if ran.is_err() {
            self.faults.fetch_add(1, Ordering::SeqCst);
        }
        (command.done)(ran.is_ok());
    }

    /// Fetches a command through the window, and does what it says.
    fn run(&self, command: &Command) -> Result {
        let mut bytes = vec![0; command.len as usize];
        self.read(command.context, command.at, &mut bytes)?;
        for chunk in bytes.chunks_exact(size_of::<Instruction>()) {
            let step: Instruction = bytemuck::pod_read_unaligned(chunk);
            let len = usize::try_from(step.len).map_err(|_| Errno::EINVAL)?;
            if len > 1 << 20 {
                return Err(Errno::EINVAL);
            }
            let mut data = vec![0; len];
            match step.op {
                OP_COPY => self.read(command.context, step.src, &mut data)?,
                OP_ADD => {
                    self.read(command.context, step.dst, &mut data)?;
                    data.iter_mut()
                        .for_each(|byte| *byte = byte.wrapping_add(1));
                }
                _ => return Err(Errno::EINVAL),
            }
            self.write(command.context, step.dst, &data)?;
        }
        Ok(())
    }

    /// Reads from a device address of a context. `EFAULT`.
    fn read(&self, context: u32, at: u64, into: &mut [u8]) -> Result {
        let mut done = 0;
        while done < into.len() {
            let at = at + done as u64;
            let n = piece(at, into.len() - done);
            let piece = &mut into[done..done + n];
            match self.find(context, at)? {
                (Space::Process(task), at) => {
                    let task = task.upgrade().ok_or(Errno::EFAULT)?;
                    task.process().read(at, piece)?;
                }
                (space, at) => self.machine.ram().read(self.phys(&space, at)?, piece),
            }
            done += n;
        }
        Ok(())
    }

    /// Writes to a device address of a context. `EFAULT`.
    fn write(&self, context: u32, at: u64, from: &[u8]) -> Result {
        let mut done = 0;
        while done < from.len() {
            let at = at + done as u64;
            let n = piece(at, from.len() - done);
            let piece = &from[done..done + n];
            match self.find(context, at)? {
                (Space::Process(task), at) => {
                    let task = task.upgrade().ok_or(Errno::EFAULT)?;
                    task.process().write(at, piece)?;
                }
                (space, at) => self.machine.ram().write(self.phys(&space, at)?, piece),
            }
            done += n;
        }
        Ok(())
    }

    /// The space of a context, and the address in it: the firmware translates what lies in the window.
    fn find(&self, context: u32, at: u64) -> Result<(Space, u64)> {
        let contexts = self.contexts.lock();
        let context = contexts.get(&context).ok_or(Errno::EFAULT)?;
        let mut first = HEAP_BASE;
        for (addr, len) in &context.heap {
            if (first..first + len).contains(&at) {
                return Ok((context.space.clone(), addr + (at - first)));
            }
            first += len;
        }
        Ok((context.space.clone(), at))
    }

    fn phys(&self, space: &Space, at: u64) -> Result<u64> {
        match space {
            Space::Iova(domain) => domain.translate(at).ok_or(Errno::EFAULT),
            Space::Physical if self.machine.ram().contains(at, 1) => Ok(at),
            Space::Physical | Space::Process(_) => Err(Errno::EFAULT),
        }
    }
}

/// Bytes up to the end of the page.
fn piece(at: u64, left: usize) -> usize {
    ((PAGE_SIZE - at % PAGE_SIZE) as usize).min(left)
}

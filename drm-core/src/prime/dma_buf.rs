//! The dma-buf: a buffer as a file, shared between devices.

use std::any::Any;
use std::fmt;

use super::attachment::{Attachment, Importer};
use super::registry::BufInfo;
use crate::dma::{DmaDevice, SgTable};
use crate::errno::{Errno, Result};
use crate::gem::{Gem, IosysMap};
use crate::kref::Kref;
use crate::machine::{Deadline, Machine};
use crate::mmap::NewVma;
use crate::resv::{Resv, ResvGuard, Usage};
use crate::sync::{Arc, Mutex, Weak};

/// Which way data goes (`enum dma_data_direction`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Both ways.
    Bidirectional,
    /// The device reads.
    ToDevice,
    /// The device writes.
    FromDevice,
}

impl Direction {
    /// Whether the CPU writes: what goes to the device comes from it.
    fn cpu_writes(self) -> bool {
        self != Self::FromDevice
    }
}

/// What an exporter implements (`struct dma_buf_ops`).
///
/// `attach`, `detach`, `release`, CPU access and `mmap` are entered without the reservation; the others with it held.
#[expect(unused_variables, reason = "the defaults need none of their arguments")]
pub trait DmaBufOps: Any + Send + Sync {
    /// The module that exports, as debugfs names it; `drm` for the exporters of the DRM core.
    fn exporter(&self) -> &'static str {
        "drm"
    }

    /// The GEM object behind the buffer, where there is one.
    fn object(&self) -> Option<&Gem> {
        None
    }

    /// Another device attaches. An error refuses it.
    fn attach(&self, attach: &Attachment) -> Result {
        Ok(())
    }

    /// A device detaches.
    fn detach(&self, attach: &Attachment) {}

    /// Whether the buffer can move while devices are attached, which are told of it then (`ops->pin` is there).
    fn is_dynamic(&self) -> bool {
        false
    }

    /// Keeps a buffer that can move where it is.
    fn pin(&self, attach: &Attachment, guard: &mut ResvGuard) -> Result {
        Ok(())
    }

    /// Undoes one [`DmaBufOps::pin`].
    fn unpin(&self, attach: &Attachment, guard: &mut ResvGuard) {}

    /// A table of the pages, mapped for the attached device.
    fn map(
        &self,
        attach: &Attachment,
        guard: &mut ResvGuard,
        direction: Direction,
    ) -> Result<Arc<SgTable>>;

    /// Gives a table back.
    fn unmap(&self, attach: &Attachment, guard: &mut ResvGuard, table: &Arc<SgTable>) {
        table.unmap();
    }

    /// Whether the first table of an attachment is kept until it detaches (`cache_sgt_mapping`).
    fn caches_mapping(&self) -> bool {
        false
    }

    /// Maps the buffer for the kernel; called for the first user only. `EINVAL` where an exporter has none.
    fn vmap(&self, guard: &mut ResvGuard) -> Result<IosysMap> {
        Err(Errno::EINVAL)
    }

    /// Undoes [`DmaBufOps::vmap`], after the last user.
    fn vunmap(&self, guard: &mut ResvGuard, map: &IosysMap) {}

    /// Maps the buffer for a process. `EINVAL` where an exporter has none.
    fn mmap(&self, dma_buf: &DmaBuf, vma: &mut NewVma) -> Result {
        Err(Errno::EINVAL)
    }

    /// The CPU is about to access the buffer.
    fn begin_cpu_access(&self, direction: Direction) -> Result {
        Ok(())
    }

    /// The CPU is done.
    fn end_cpu_access(&self, direction: Direction) -> Result {
        Ok(())
    }
}

#[derive(Default)]
struct Vmapping {
    users: usize,
    map: Option<IosysMap>,
}

struct Inner {
    machine: Machine,
    size: u64,
    resv: Resv,
    writable: bool,
    /// Gone once the buffer is released.
    ops: Mutex<Option<Arc<dyn DmaBufOps>>>,
    refs: Kref,
    /// Names of the devices that are attached.
    attached: Mutex<Vec<String>>,
    /// Attachments that are told of moves.
    movable: Mutex<Vec<Weak<Attachment>>>,
    vmapping: Mutex<Vmapping>,
}

/// A reference to a dma-buf, as a file descriptor or a kernel user holds it.
///
/// When the last is dropped, the buffer is released on the way back to user space (`fput`, `dma_buf_release`).
pub struct DmaBuf(Arc<Inner>);

impl fmt::Debug for DmaBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DmaBuf({:#x} bytes)", self.0.size)
    }
}

impl Clone for DmaBuf {
    fn clone(&self) -> Self {
        self.0.refs.get();
        Self(Arc::clone(&self.0))
    }
}

impl Drop for DmaBuf {
    fn drop(&mut self) {
        if self.0.refs.put() {
            let inner = Arc::clone(&self.0);
            self.0.machine.clone().task_work(move || inner.release());
        }
    }
}

impl Inner {
    fn release(&self) {
        if self.vmapping.lock().users != 0 {
            self.machine
                .oops("dma-buf: released while mapped for the kernel");
        }
        if !self.attached.lock().is_empty() {
            self.machine
                .warn("dma-buf: released while devices are attached");
        }
        let ops = self.ops.lock().take();
        drop(ops);
    }
}

impl DmaBuf {
    /// Exports a buffer (`dma_buf_export`). `writable` is the mode of its file.
    #[must_use]
    pub fn new(
        machine: &Machine,
        size: u64,
        resv: &Resv,
        writable: bool,
        ops: Arc<dyn DmaBufOps>,
    ) -> Self {
        let dma_buf = Self(Arc::new(Inner {
            machine: machine.clone(),
            size,
            resv: resv.clone(),
            writable,
            ops: Mutex::new(Some(ops)),
            refs: Kref::new(1),
            attached: Mutex::default(),
            movable: Mutex::default(),
            vmapping: Mutex::default(),
        }));
        machine.dma_bufs().add(&dma_buf);
        dma_buf
    }

    /// Bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.0.size
    }

    /// The exporter's reservation, shared by every importer.
    #[must_use]
    pub fn resv(&self) -> &Resv {
        &self.0.resv
    }

    /// Whether its file was opened for writing.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.0.writable
    }

    /// References.
    #[must_use]
    pub fn refs(&self) -> usize {
        self.0.refs.read()
    }

    /// Whether both are the same buffer.
    #[must_use]
    pub fn is(&self, other: &DmaBuf) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(super) fn machine(&self) -> &Machine {
        &self.0.machine
    }

    /// Takes one device of this name off the list of those attached.
    pub(super) fn forget_attached(&self, device: &DmaDevice) {
        let mut attached = self.0.attached.lock();
        if let Some(at) = attached.iter().position(|name| *name == device.name()) {
            attached.remove(at);
        }
    }

    /// A reference that does not keep the buffer.
    pub(super) fn downgrade(&self) -> WeakDmaBuf {
        WeakDmaBuf(Arc::downgrade(&self.0))
    }

    /// What the exporter implements. `EBADF` after the release, which no reference outlives.
    pub fn ops(&self) -> Result<Arc<dyn DmaBufOps>> {
        self.0.ops.lock().clone().ok_or(Errno::EBADF)
    }

    /// The exporter, if it is a `T`.
    #[must_use]
    pub fn ops_as<T: DmaBufOps>(&self) -> Option<Arc<T>> {
        let any: Arc<dyn Any + Send + Sync> = self.ops().ok()?;
        any.downcast().ok()
    }

    /// Attaches a device (`dma_buf_attach`). The exporter's answer. No reservation may be held.
    pub fn attach(&self, device: &DmaDevice) -> Result<Arc<Attachment>> {
        self.attach_new(Attachment::new(self, device, None))
    }

    /// Attaches a device whose driver can be told that the buffer moves (`dma_buf_dynamic_attach`). Where the exporter never moves it,
    /// the table is made now, and kept. The exporter's answer. No reservation may be held.
    pub fn attach_dynamic(
        &self,
        device: &DmaDevice,
        importer: Arc<dyn Importer>,
    ) -> Result<Arc<Attachment>> {
        let attach = self.attach_new(Attachment::new(self, device, Some(importer)))?;
        if self.ops()?.is_dynamic() {
            self.0.movable.lock().push(Arc::downgrade(&attach));
            return Ok(attach);
        }
        let mut guard = self.0.resv.lock();
        let cached = attach.cache(&mut guard);
        drop(guard);
        cached.inspect_err(|_| attach.detach())?;
        Ok(attach)
    }

    fn attach_new(&self, attach: Attachment) -> Result<Arc<Attachment>> {
        self.ops()?.attach(&attach)?;
        let name = attach.device().name().to_owned();
        self.0.attached.lock().push(name);
        Ok(Arc::new(attach))
    }

    /// The exporter is about to move the buffer: every attached device that can be told is (`dma_buf_move_notify`).
    pub fn move_notify(&self, guard: &mut ResvGuard) {
        let mut movable = self.0.movable.lock();
        movable.retain(|attach| attach.strong_count() > 0);
        let attached: Vec<_> = movable.iter().filter_map(Weak::upgrade).collect();
        drop(movable);
        for attach in attached {
            if let Some(importer) = attach.importer() {
                importer.move_notify(guard);
            }
        }
    }

    /// Maps the buffer for the kernel (`dma_buf_vmap`). The exporter is asked for the first user only.
    pub fn vmap(&self, guard: &mut ResvGuard) -> Result<IosysMap> {
        let ops = self.ops()?;
        let mut vmapping = self.0.vmapping.lock();
        if let Some(map) = vmapping.map.clone() {
            vmapping.users += 1;
            return Ok(map);
        }
        let map = ops.vmap(guard)?;
        *vmapping = Vmapping {
            users: 1,
            map: Some(map.clone()),
        };
        Ok(map)
    }

    /// Undoes one [`DmaBuf::vmap`] (`dma_buf_vunmap`).
    pub fn vunmap(&self, guard: &mut ResvGuard) {
        let Ok(ops) = self.ops() else { return };
        let mut vmapping = self.0.vmapping.lock();
        if vmapping.users == 0 {
            self.0.machine.oops("dma-buf: vunmap without vmap");
            return;
        }
        vmapping.users -= 1;
        if vmapping.users == 0
            && let Some(map) = vmapping.map.take()
        {
            ops.vunmap(guard, &map);
        }
    }

    /// Maps the buffer for a process that mapped something else (`dma_buf_mmap`): the mapping's file becomes the dma-buf.
    ///
    /// `EOVERFLOW` or `EINVAL` when the mapping does not lie in the buffer, else the exporter's answer.
    pub fn mmap(&self, vma: &mut NewVma, pgoff: u64) -> Result {
        let ops = self.ops()?;
        let pages = vma.pages();
        let end = pgoff.checked_add(pages).ok_or(Errno::EOVERFLOW)?;
        if end > self.0.size >> crate::PAGE_SHIFT {
            return Err(Errno::EINVAL);
        }
        vma.set_dma_buf(self, pgoff);
        ops.mmap(self, vma)
    }

    /// The CPU is about to access the buffer (`dma_buf_begin_cpu_access`): the exporter's answer, then a wait for writers, or
    /// for everybody when the CPU writes.
    pub fn begin_cpu_access(&self, direction: Direction) -> Result {
        self.ops()?.begin_cpu_access(direction)?;
        let usage = if direction.cpu_writes() {
            Usage::Read
        } else {
            Usage::Write
        };
        self.0
            .machine
            .wait_until(Deadline::Never, || self.0.resv.test_signaled(usage))
    }

    /// The CPU is done (`dma_buf_end_cpu_access`).
    pub fn end_cpu_access(&self, direction: Direction) -> Result {
        self.ops()?.end_cpu_access(direction)
    }
}

/// A dma-buf that may be gone.
#[derive(Clone)]
pub(super) struct WeakDmaBuf(Weak<Inner>);

impl fmt::Debug for WeakDmaBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WeakDmaBuf")
    }
}

impl WeakDmaBuf {
    pub(super) fn exists(&self) -> bool {
        self.0.strong_count() > 0
    }

    /// `None` once it is released.
    pub(super) fn info(&self) -> Option<BufInfo> {
        let inner = self.0.upgrade()?;
        let exporter = inner.ops.lock().as_ref()?.exporter();
        let info = BufInfo {
            size: inner.size,
            refs: inner.refs.read(),
            exporter,
            attached: inner.attached.lock().clone(),
        };
        Some(info)
    }
}

//! What the driver asks of a buffer object, whatever library keeps its memory, and what it keeps with one itself.

use std::ops::Deref;

use drm_core::device::{Device, File};
use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::gem::{self, Gem};
use drm_core::gpuvm::GpuVaList;
use drm_core::prime::{self, Attachment, DmaBuf};
use drm_core::resv::ResvGuard;
use drm_core::sync::atomic::{AtomicU32, Ordering};
use drm_core::sync::{Arc, MutexGuard, OnceLock};

use crate::mmu::{Types, Vm};

/// The driver's part of an object (`struct panthor_gem_object` without its base).
pub struct Common<B: BufferObject> {
    flags: AtomicU32,
    exclusive_vm_root_gem: OnceLock<Gem>,
    gpuvas: GpuVaList<Types<B>>,
}

impl<B: BufferObject> Default for Common<B> {
    fn default() -> Self {
        Self {
            flags: AtomicU32::new(0),
            exclusive_vm_root_gem: OnceLock::new(),
            gpuvas: GpuVaList::default(),
        }
    }
}

impl<B: BufferObject> Common<B> {
    /// `BO_NO_MMAP`, or 0.
    #[must_use]
    pub fn flags(&self) -> u32 {
        self.flags.load(Ordering::Relaxed)
    }

    /// Sets the flags, once the object exists: its constructor is not told.
    pub fn set_flags(&self, flags: u32) {
        self.flags.store(flags, Ordering::Relaxed);
    }

    /// The object that stands for the only address space that may map this one; `None` where every one may.
    #[must_use]
    pub fn exclusive_vm_root_gem(&self) -> Option<&Gem> {
        self.exclusive_vm_root_gem.get()
    }

    /// Says which address space alone may map the object. Once, before anybody else sees it.
    pub fn set_exclusive_vm_root_gem(&self, root: Gem) {
        // A second call would be a bug of the driver; the first space stays.
        let _ = self.exclusive_vm_root_gem.set(root);
    }

    /// Where the object is mapped (`gpuva.list`, under `gpuva_list_lock`).
    #[must_use]
    pub fn gpuvas(&self) -> &GpuVaList<Types<B>> {
        &self.gpuvas
    }
}

/// When the memory of user space's objects leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// As the base class has it: what was mapped once stays until the object dies.
    #[default]
    AsBaseClass,
    /// When it is reclaimed; jobs and the CPU bring it back. On a side that cannot, as [`Policy::AsBaseClass`].
    Reclaimed,
}

/// The hooks in the driver's table of functions that make objects.
#[expect(unused_variables, reason = "the defaults need none of their arguments")]
pub trait DriverHooks: Default + Send + Sync + 'static {
    /// The device is there, and nothing on it yet.
    fn start(&self, dev: &Device, policy: Policy) {}

    /// Makes an object of a dma-buf (`gem_prime_import`). Errors of the exporter, and of the object.
    fn gem_prime_import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem> {
        prime::import(dev, dma_buf, dev.dma())
    }

    /// Whether [`DriverHooks::gem_prime_import_sg_table`] is there.
    fn has_import_sg_table(&self) -> bool {
        false
    }

    /// Makes an object of an exporter's table (`gem_prime_import_sg_table`). `EINVAL` where a side has none.
    fn gem_prime_import_sg_table(
        &self,
        dev: &Device,
        attach: &Arc<Attachment>,
        table: Arc<SgTable>,
    ) -> Result<Gem> {
        Err(Errno::EINVAL)
    }
}

/// A buffer object of the driver. The implementation decides what keeps its memory.
pub trait BufferObject: gem::Object + Sized {
    /// The hooks of its side.
    type Hooks: DriverHooks;

    /// What keeps the pages for a mapping, with their table.
    type Mapped: Deref<Target = SgTable> + Send + Sync;

    /// What the side keeps with an address space.
    type Space: Send + Sync;

    /// For a new address space.
    fn new_space(dev: &Device) -> Self::Space;

    /// The space is needed in a slot: it will be asked for memory last.
    fn space_is_active(space: &Self::Space) {
        let _ = space;
    }

    /// Whether the object leaves RAM when it is reclaimed: then a mapping alone does not keep the pages.
    fn is_evictable(&self) -> bool {
        false
    }

    /// Where the object is mapped (`gpuva.list`).
    fn gpuvas(&self) -> &GpuVaList<Types<Self>> {
        self.common().gpuvas()
    }

    /// Keeps reclaim from looking at the pairs while they change.
    fn lock_pairs(&self) -> Option<MutexGuard<'_, ()>> {
        None
    }

    /// Pairs came, went, or were restored.
    fn pairs_changed(&self) {}

    /// Gets the pages back, and hands their table to who writes the entries. `EINVAL` for an object that never leaves; errors
    /// of the pages, of their table, and of `map`.
    fn restore(&self, guard: &mut ResvGuard, map: &mut dyn FnMut(&SgTable) -> Result) -> Result {
        let _ = (guard, map);
        Err(Errno::EINVAL)
    }

    /// The driver's own part.
    fn common(&self) -> &Common<Self>;

    /// A new object of `size` bytes and its handle; `size` becomes what it got (`panthor_gem_create_with_handle`).
    ///
    /// Errors of the object's creation, of its pages where they are needed now, and of the handle.
    fn create_with_handle(
        file: &File,
        exclusive_vm: Option<&Vm<Self>>,
        size: &mut u64,
        flags: u32,
    ) -> Result<u32>;

    /// A new object of the kernel's that only `vm` can map (first half of `panthor_kernel_bo_create`). Errors of the object's
    /// creation.
    fn create_kernel(dev: &Device, vm: &Vm<Self>, size: u64, flags: u32) -> Result<Gem<Self>>;

    /// Keeps the pages for a mapping and gives their table; undone by [`BufferObject::unpin_mapped`]. An import needs no pin.
    ///
    /// Errors of the pages and of the table; nothing is kept then.
    fn pin_for_map(&self) -> Result<Self::Mapped>;

    /// Undoes one [`BufferObject::pin_for_map`].
    fn unpin_mapped(&self, mapped: Self::Mapped);

    /// Makes what the CPU wrote visible to the device (`dma_sync_sgtable_for_device`). Errors of the table.
    fn sync_for_device(&self) -> Result;
}

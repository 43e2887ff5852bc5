//! The part that every object has (`struct drm_gem_object`).

use std::fmt;

use super::lru::Membership;
use super::object::Object;
use super::offset::VmaNode;
use super::reference::{Gem, WeakGem};
use crate::device::Device;
use crate::errno::{Errno, Result};
use crate::kref::Kref;
use crate::machine::{Machine, ShmemFile};
use crate::prime::{Attachment, DmaBuf};
use crate::resv::{Resv, ResvSlot};
use crate::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use crate::sync::{Arc, Mutex, OnceLock, Weak};

/// Identity of an object: device, size, references, handles, reservation, mmap offset, sharing.
///
/// # Invariants
///
/// `size` is a multiple of the page size and never changes. The object is freed when `refs` reaches 0, once.
/// `dma_buf` is only set while `handles > 0`.
pub struct Header {
    dev: Device,
    size: u64,
    refs: Kref,
    handles: AtomicUsize,
    /// The global name; 0 for none. Changed under the device's name lock.
    name: AtomicU32,
    /// The one reference that all handles share.
    handle_ref: Mutex<Option<Gem>>,
    resv: ResvSlot,
    filp: OnceLock<Arc<ShmemFile>>,
    node: VmaNode,
    dma_buf: Mutex<Option<DmaBuf>>,
    import: OnceLock<Arc<Attachment>>,
    lru: Membership,
    this: OnceLock<Weak<dyn Object>>,
    freed: OnceLock<Freed>,
}

/// How an object was freed past its own `free`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Freed {
    /// By its only holder.
    Alone,
    /// While others held it.
    Shared,
    /// By its driver, later ([`super::Gone::defer`]).
    Later,
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Header")
            .field("size", &self.size)
            .field("refs", &self.refs())
            .field("handles", &self.handle_count())
            .finish_non_exhaustive()
    }
}

impl Header {
    /// The header of an object without pages (`drm_gem_private_object_init`). `size` must be whole pages.
    #[must_use]
    pub fn new_private(dev: &Device, size: u64) -> Self {
        dev.object_created();
        Self {
            dev: dev.clone(),
            size,
            refs: Kref::new(0),
            handles: AtomicUsize::new(0),
            name: AtomicU32::new(0),
            handle_ref: Mutex::default(),
            resv: ResvSlot::new(dev.machine()),
            filp: OnceLock::new(),
            node: VmaNode::default(),
            dma_buf: Mutex::default(),
            import: OnceLock::new(),
            lru: Membership::default(),
            this: OnceLock::new(),
            freed: OnceLock::new(),
        }
    }

    /// The header of an object with a shmem file (`drm_gem_object_init`). Errors of [`ShmemFile::new`].
    pub fn new(dev: &Device, size: u64) -> Result<Self> {
        let header = Self::new_private(dev, size);
        header.init_file()?;
        Ok(header)
    }

    /// Gives a private header its shmem file, once. Errors of [`ShmemFile::new`].
    pub fn init_file(&self) -> Result {
        let file = ShmemFile::new(self.machine(), self.size)?;
        // A second call would be a bug of a memory library; the first file stays.
        let _ = self.filp.set(file);
        Ok(())
    }

    /// The device it belongs to.
    #[must_use]
    pub fn dev(&self) -> &Device {
        &self.dev
    }

    /// The machine it is on.
    #[must_use]
    pub fn machine(&self) -> &Machine {
        self.dev.machine()
    }

    /// Bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Pages.
    #[must_use]
    pub fn pages(&self) -> u64 {
        self.size >> crate::PAGE_SHIFT
    }

    /// The reservation in force.
    #[must_use]
    pub fn resv(&self) -> &Resv {
        self.resv.get()
    }

    /// Where the reservation is chosen; what it protects is built on this.
    #[must_use]
    pub fn resv_slot(&self) -> &ResvSlot {
        &self.resv
    }

    /// The shmem file; `None` for a private object.
    #[must_use]
    pub fn filp(&self) -> Option<&Arc<ShmemFile>> {
        self.filp.get()
    }

    /// The place in the mmap offset space.
    #[must_use]
    pub fn node(&self) -> &VmaNode {
        &self.node
    }

    /// Which LRU list it is on.
    #[must_use]
    pub fn lru(&self) -> &Membership {
        &self.lru
    }

    /// References.
    #[must_use]
    pub fn refs(&self) -> usize {
        self.refs.read()
    }

    /// Handles in all files.
    #[must_use]
    pub fn handle_count(&self) -> usize {
        self.handles.load(Ordering::SeqCst)
    }

    /// The global name that flink gave (`obj->name`).
    #[must_use]
    pub fn name(&self) -> Option<u32> {
        Some(self.name.load(Ordering::SeqCst)).filter(|name| *name != 0)
    }

    /// Records the global name. Under the device's name lock.
    pub(crate) fn set_name(&self, name: u32) {
        self.name.store(name, Ordering::SeqCst);
    }

    /// One more reference, while the caller has one (or is called by somebody who has).
    #[must_use]
    pub fn get(&self) -> Option<Gem> {
        self.downgrade().and_then(|weak| weak.upgrade())
    }

    /// A reference that does not keep the object alive; `None` before the first [`Gem`] exists.
    #[must_use]
    pub fn downgrade(&self) -> Option<WeakGem> {
        self.this.get().cloned().map(WeakGem::new)
    }

    /// The attachment of an imported object (`import_attach`).
    #[must_use]
    pub fn import_attach(&self) -> Option<&Arc<Attachment>> {
        self.import.get()
    }

    /// Whether the object was imported (`drm_gem_is_imported`).
    #[must_use]
    pub fn is_imported(&self) -> bool {
        self.import.get().is_some()
    }

    /// Says that the object stands for a foreign buffer; `false` when that was said before.
    pub fn set_import_attach(&self, attach: Arc<Attachment>) -> bool {
        self.import.set(attach).is_ok()
    }

    /// The dma-buf by which it is known while it has a handle (`obj->dma_buf`).
    #[must_use]
    pub fn dma_buf(&self) -> Option<DmaBuf> {
        self.dma_buf.lock().clone()
    }

    /// Whether [`Header::dma_buf`] is set; takes no reference.
    #[must_use]
    pub fn has_dma_buf(&self) -> bool {
        self.dma_buf.lock().is_some()
    }

    /// Records the dma-buf unless one is recorded. Under the device's name lock.
    pub(crate) fn set_dma_buf(&self, dma_buf: &DmaBuf) {
        self.dma_buf.lock().get_or_insert_with(|| dma_buf.clone());
    }

    /// Counts one more handle of `this`. Under the device's name lock.
    pub(crate) fn get_handle(&self, this: &Gem) {
        if self.handles.fetch_add(1, Ordering::SeqCst) == 0 {
            *self.handle_ref.lock() = Some(this.clone());
        }
    }

    /// Counts one handle less. After the last one: what is to be dropped, once the device's name lock is.
    #[must_use]
    pub(crate) fn put_handle(&self) -> (Option<DmaBuf>, Option<Gem>) {
        if self.handles.fetch_sub(1, Ordering::SeqCst) != 1 {
            return (None, None);
        }
        let name = self.name.swap(0, Ordering::SeqCst);
        if name != 0 {
            self.dev.name_table().forget(name);
        }
        (self.dma_buf.lock().take(), self.handle_ref.lock().take())
    }

    /// Gives the object an offset for `mmap()` unless it has one, and returns it in bytes
    /// (`drm_gem_create_mmap_offset`). `ENOSPC` when the space is full, and for an object of size 0.
    pub fn create_mmap_offset(&self) -> Result<u64> {
        let this = self.downgrade().ok_or(Errno::ENOENT)?;
        self.dev.offsets().add(&self.node, &this, self.size)?;
        self.node.offset().ok_or(Errno::ENOSPC)
    }

    /// Takes the offset away (`drm_gem_free_mmap_offset`).
    pub fn free_mmap_offset(&self) {
        self.dev.offsets().remove(&self.node);
    }

    /// Zaps every user mapping of the object made at its offset (`drm_vma_node_unmap`); the mappings stay, and fault again.
    pub fn zap_user_mappings(&self) {
        if let Some(offset) = self.node.offset() {
            self.dev.address_space().zap(
                self.machine(),
                offset >> crate::PAGE_SHIFT,
                self.node.pages(),
            );
        }
    }

    pub(super) fn init_refs(&self, this: Weak<dyn Object>) {
        self.refs.init();
        let _ = self.this.set(this);
    }

    pub(super) fn get_ref(&self) {
        self.refs.get();
    }

    pub(super) fn get_ref_unless_zero(&self) -> bool {
        self.refs.get_unless_zero()
    }

    /// No later drop will be the last one.
    pub(super) fn forget_refs(&self) {
        self.refs.saturate();
    }

    /// `true` when the last reference went.
    pub(super) fn put_ref(&self) -> bool {
        self.refs.put()
    }

    /// Says that the object was freed past its own `free`.
    pub(super) fn set_freed(&self, shared: bool) {
        let how = if shared { Freed::Shared } else { Freed::Alone };
        let _ = self.freed.set(how);
    }

    /// Marks the object as one that its driver frees later, and keeps its memory until then.
    pub(super) fn keep_for_later(&self) -> Option<Arc<dyn Object>> {
        let object = self.this.get()?.upgrade()?;
        self.freed.set(Freed::Later).ok()?;
        Some(object)
    }

    /// How the object was freed past its own `free`, if it was.
    pub(super) fn freed(&self) -> Option<Freed> {
        self.freed.get().copied()
    }

    /// Leaves every list and gives the mmap offset back (`drm_gem_object_release`).
    pub(super) fn release(&self) {
        if self.has_dma_buf() {
            self.machine()
                .warn("drm_gem: object released while its dma-buf is set");
        }
        self.lru.leave(self);
        self.dev.offsets().remove(&self.node);
    }
}

impl Drop for Header {
    fn drop(&mut self) {
        // An object that never got a reference (its creation failed) still holds its offset.
        self.dev.offsets().remove(&self.node);
        self.dev.object_destroyed();
    }
}

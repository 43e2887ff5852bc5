//! The object (`amdxdna_gem.c`): one struct for shared memory, commands, chunks of the heap, pieces of it, and imports.

use std::fmt;

use drm_core::device::{Device, File};
use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::gem::{self, Fault, FaultContext, Gem, Gone, Header, IosysMap};
use drm_core::memory::KernelMap;
use drm_core::mmap::{NewVma, Vma};
use drm_core::prime::DmaBuf;
use drm_core::resv::ResvGuard;
use drm_core::sync::{Arc, Mutex, OnceLock};
use gem_shmem::legacy;

use crate::attached::Attached;
use crate::client::Client;
use crate::piece::Piece;
use crate::place::Place;
use crate::uapi::{CMD, DEV, DEV_HEAP, SHARE};

/// What `abo->lock` protects.
#[derive(Default)]
pub(super) struct Locked {
    /// Pages pinned for good.
    pub(super) pinned: bool,
    /// The kernel's mapping, kept until the object is freed.
    pub(super) kva: Option<KernelMap>,
    /// Handles.
    pub(super) open_ref: u32,
    /// The file that opened it first.
    pub(super) client: Option<Arc<Client>>,
}

/// `struct amdxdna_gem_obj`.
pub(crate) struct AmdxdnaObject {
    pub(crate) base: legacy::Object,
    pub(super) kind: OnceLock<u32>,
    pub(super) lock: Mutex<Locked>,
    pub(super) place: OnceLock<Place>,
    /// Device address of a chunk of the heap.
    pub(super) dev_addr: OnceLock<u64>,
    /// What a device BO is.
    pub(super) piece: OnceLock<Piece>,
    /// The attachment of an import, of which the core knows nothing.
    pub(super) attached: OnceLock<Attached>,
    /// Made of user memory or of a descriptor: nobody else may have it.
    pub(super) private_buffer: OnceLock<()>,
}

impl AmdxdnaObject {
    pub(crate) fn kind(&self) -> u32 {
        self.kind.get().copied().unwrap_or(SHARE)
    }

    pub(super) fn is_import(&self) -> bool {
        self.attached.get().is_some()
    }

    pub(super) fn is_internal(&self) -> bool {
        matches!(self.kind(), DEV_HEAP | CMD)
    }

    /// Where it is seen. `EINVAL` for a piece of the heap.
    pub(crate) fn place(&self) -> Result<&Place> {
        self.place.get().ok_or(Errno::EINVAL)
    }

    /// Maps the object for the device, a chunk aligned to its size. Errors of the pages and of [`Place::map`].
    fn dma_map(&self) -> Result {
        let place = self.place()?;
        if self.kind() == CMD || !place.is_wanted()? {
            return Ok(());
        }
        let size = self.base.base.size();
        let align = if self.kind() == DEV_HEAP { size } else { 0 };
        let sgt = self.base.get_pages_sgt()?;
        place.map(&sgt, size, align)
    }

    /// The kernel's mapping, made the first time and kept (`amdxdna_gem_vmap`).
    pub(super) fn kva(&self) -> Result<KernelMap> {
        let mut locked = self.lock.lock();
        if let Some(kva) = &locked.kva {
            return Ok(kva.clone());
        }
        let mut guard = self.base.base.resv().lock();
        let map = gem::Object::vmap(self, &mut guard)?;
        Ok(locked.kva.insert(map.map().clone()).clone())
    }

    /// The chunks that a device BO lies in.
    fn chunks(&self) -> Result<Vec<Gem<AmdxdnaObject>>> {
        let piece = self.piece.get().ok_or(Errno::EINVAL)?;
        let chunks = piece.look(|slice| slice.chunks())?;
        chunks.iter().map(to_xdna_obj).collect()
    }

    /// Pins the pages; those of a device BO are the heap's, those of an import its exporter's (`amdxdna_gem_pin_nolock`).
    pub(super) fn pin_nolock(&self) -> Result {
        if self.kind() == DEV {
            return self
                .chunks()?
                .iter()
                .try_for_each(|chunk| chunk.pin_nolock());
        }
        if self.is_import() {
            return Ok(());
        }
        self.base.pin()
    }

    /// `amdxdna_gem_unpin`.
    pub(super) fn unpin_nolock(&self) {
        if self.kind() == DEV {
            let chunks = self.chunks().into_iter().flatten();
            chunks.for_each(|chunk| chunk.unpin_nolock());
            return;
        }
        if !self.is_import() {
            self.base.unpin();
        }
    }

    /// Whether it is pinned and mapped for the kernel, its handles, whether it has a file, and its chunks.
    pub(crate) fn look(&self) -> (bool, bool, u32, bool, Option<(usize, usize)>) {
        let locked = self.lock.lock();
        let (kva, client) = (locked.kva.is_some(), locked.client.is_some());
        let piece = self.piece.get();
        let chunks = piece.and_then(|piece| piece.look(|slice| slice.ids()).ok());
        (locked.pinned, kva, locked.open_ref, client, chunks)
    }

    /// Undoes what is kept until the object is freed.
    fn release(&self) {
        if let Some(place) = self.place.get() {
            place.end();
        }
        let mut locked = self.lock.lock();
        if std::mem::take(&mut locked.pinned) {
            self.unpin_nolock();
        }
        if let Some(kva) = locked.kva.take() {
            let mut guard = self.base.base.resv().lock();
            gem::Object::vunmap(self, &mut guard, &IosysMap::System(kva));
        }
    }
}

/// A reference to the object as one of this driver (`to_xdna_obj`).
pub(crate) fn to_xdna_obj(object: &Gem) -> Result<Gem<AmdxdnaObject>> {
    object.downcast().ok_or(Errno::EINVAL)
}

impl legacy::Subclass for AmdxdnaObject {
    fn base(&self) -> &legacy::Object {
        &self.base
    }
}

/// `amdxdna_gem_create_shmem_object_cb`.
impl legacy::CreateObject for AmdxdnaObject {
    fn gem_create_object(_dev: &Device, base: legacy::Object) -> Result<Self> {
        Ok(Self {
            base,
            kind: OnceLock::new(),
            lock: Mutex::default(),
            place: OnceLock::new(),
            dev_addr: OnceLock::new(),
            piece: OnceLock::new(),
            attached: OnceLock::new(),
            private_buffer: OnceLock::new(),
        })
    }
}

/// `amdxdna_gem_shmem_funcs`, `amdxdna_gem_dev_obj_funcs`.
impl gem::Object for AmdxdnaObject {
    fn gem(&self) -> &Header {
        &self.base.base
    }

    /// `amdxdna_gem_obj_free`, `amdxdna_gem_dev_obj_free`: for an import the base class is passed by, which would take its table for
    /// its own.
    fn free(&self, gone: &Gone) {
        self.release();
        if let Some(piece) = self.piece.get() {
            piece.give_back();
            return;
        }
        if let Some(attached) = self.attached.get() {
            attached.end();
            return;
        }
        self.base.free(gone);
    }

    /// `amdxdna_gem_obj_open`: the first handle maps the object for the device. After an error the count of handles is too high, and
    /// the object belongs to the file.
    fn open(&self, file: &File) -> Result {
        if self.kind() == DEV {
            return Ok(());
        }
        let client = Client::of(file)?;
        let mut locked = self.lock.lock();
        locked.open_ref += 1;
        if locked.open_ref > 1 {
            return Ok(());
        }
        locked.client = Some(Arc::clone(client));
        self.dma_map()?;
        client.account(self.base.base.size(), self.is_internal(), true);
        Ok(())
    }

    /// `amdxdna_gem_obj_close`.
    fn close(&self, _file: &File) {
        if self.kind() == DEV {
            return;
        }
        let mut locked = self.lock.lock();
        locked.open_ref -= 1;
        if locked.open_ref == 0
            && let Some(client) = locked.client.take()
        {
            client.account(self.base.base.size(), self.is_internal(), false);
        }
    }

    fn print_info(&self, out: &mut dyn fmt::Write, indent: usize) -> fmt::Result {
        legacy::object_print_info(&self.base, out, indent)
    }

    /// `amdxdna_gem_prime_export`. `EOPNOTSUPP` for a piece of the heap, and for what is not to be shared.
    fn export(&self, writable: bool) -> Result<DmaBuf> {
        self.export_buffer(writable)
    }

    fn pin(&self, guard: &mut ResvGuard) -> Result {
        legacy::object_pin(&self.base, guard)
    }

    fn unpin(&self, guard: &mut ResvGuard) {
        legacy::object_unpin(&self.base, guard);
    }

    fn get_sg_table(&self, guard: &mut ResvGuard) -> Result<SgTable> {
        legacy::object_get_sg_table(&self.base, guard)
    }

    /// `amdxdna_gem_obj_vmap`, `amdxdna_gem_dev_obj_vmap`: the base class does not know that an import is one, and a piece of the heap
    /// is seen through the mapping of its chunk.
    fn vmap(&self, guard: &mut ResvGuard) -> Result<IosysMap> {
        if let Some(piece) = self.piece.get() {
            let (chunk, offset, size) = piece.chunk()?;
            let map = to_xdna_obj(&chunk)?.kva()?.slice(offset, size);
            return map.map(IosysMap::System).ok_or(Errno::EINVAL);
        }
        match self.attached.get() {
            Some(attached) => attached.vmap(guard),
            None => legacy::object_vmap(&self.base, guard),
        }
    }

    /// `amdxdna_gem_obj_vunmap`.
    fn vunmap(&self, guard: &mut ResvGuard, _map: &IosysMap) {
        if self.kind() == DEV {
            return;
        }
        match self.attached.get() {
            Some(attached) => attached.vunmap(guard),
            None => legacy::object_vunmap(&self.base, guard),
        }
    }

    /// `amdxdna_gem_obj_mmap`. `EINVAL` for a piece of the heap, whose table has none.
    fn mmap(&self, vma: &mut NewVma) -> Result {
        if self.kind() == DEV {
            return Err(Errno::EINVAL);
        }
        self.map_pages(vma)
    }

    fn vm_open(&self, vma: &Vma) {
        legacy::vm_open(&self.base, vma);
    }

    fn vm_close(&self, vma: &Vma) {
        legacy::vm_close(&self.base, vma);
    }

    fn fault(&self, vma: &Vma, fault: FaultContext) -> Fault {
        legacy::fault(&self.base, vma, fault)
    }
}

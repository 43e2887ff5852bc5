//! The object with memory (`amdxdna_gem.c`): shared memory, commands, chunks of the heap, and imports.

use drm_core::device::File;
use drm_core::errno::{Errno, Result};
use drm_core::gem::{self, Gem, Gone, Header, IosysMap};
use drm_core::memory::KernelMap;
use drm_core::resv::ResvGuard;
use drm_core::sync::{Arc, Mutex, OnceLock};
use gem_uma::{
    Backing, BackingOptions, CpuMap, CpuMapOptions, DeviceMap, Entries, New, Part, Pin, Share,
    ShareOptions, UmaObject,
};

use crate::attached::Attached;
use crate::client::Client;
use crate::device::AmdxdnaDevice;
use crate::place::Place;
use crate::uapi::{CMD, DEV_HEAP, SHARE};

impl Part for Attached {
    fn teardown(&self, _gone: &Gone) {
        self.end();
    }
}

impl Part for Place {
    fn teardown(&self, _gone: &Gone) {
        self.end();
    }
}

/// What `abo->lock` protects.
#[derive(Default)]
pub(super) struct Locked {
    /// Pages pinned for good.
    pub(super) pinned: bool,
    pub(super) pin: Option<Pin>,
    /// Pins of contexts, and of pieces of the heap.
    pins: Vec<Pin>,
    /// The kernel's mapping, kept until the object is freed.
    pub(super) kva: Option<KernelMap>,
    /// Handles.
    pub(super) open_ref: u32,
    /// The file that opened it first.
    pub(super) client: Option<Arc<Client>>,
}

/// `struct amdxdna_gem_obj`.
#[derive(UmaObject)]
#[uma(free_before = Self::free_own, open = Self::open_own, close = Self::close_own, vmap = Self::vmap_own, vunmap = Self::vunmap_own, mmap = Self::map_pages, status = none, rss = none)]
pub(crate) struct AmdxdnaObject {
    #[uma(gem)]
    pub(crate) gem: Header,
    #[uma(backing)]
    pub(crate) backing: Backing,
    #[uma(device_map)]
    pub(crate) dmap: DeviceMap,
    #[uma(cpu_map)]
    pub(crate) cmap: CpuMap,
    #[uma(share)]
    pub(crate) share: Share,
    /// User memory, or what a descriptor named, in the place of pages. Nobody else may have it of the object, so it is no import that
    /// the core knows.
    #[uma(part)]
    pub(super) attached: Option<Attached>,
    #[uma(part)]
    pub(super) place: Place,
    pub(super) kind: OnceLock<u32>,
    pub(super) lock: Mutex<Locked>,
    /// Device address of a chunk of the heap.
    pub(super) dev_addr: OnceLock<u64>,
}

impl AmdxdnaObject {
    pub(crate) fn kind(&self) -> u32 {
        self.kind.get().copied().unwrap_or(SHARE)
    }

    /// Whether its pages are somebody else's to keep.
    pub(crate) fn is_import(&self) -> bool {
        self.backing.is_import() || self.attached.is_some()
    }

    pub(super) fn is_internal(&self) -> bool {
        matches!(self.kind(), DEV_HEAP | CMD)
    }

    /// Where it is seen.
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// Maps the object for the device, a chunk aligned to its size. Errors of the pages and of [`Place::map`].
    fn dma_map(&self) -> Result {
        let place = self.place();
        if self.kind() == CMD || !place.is_wanted()? {
            return Ok(());
        }
        let size = self.gem.size();
        let align = if self.kind() == DEV_HEAP { size } else { 0 };
        if let Some(attached) = &self.attached {
            return place.map(attached.table(), size, align);
        }
        let sgt = self.dmap.lock_table(&self.backing)?;
        place.map(&sgt, size, align)
    }

    /// The kernel's mapping, made the first time and kept (`amdxdna_gem_vmap`).
    pub(super) fn kva(&self) -> Result<KernelMap> {
        let mut locked = self.lock.lock();
        if let Some(kva) = &locked.kva {
            return Ok(kva.clone());
        }
        let mut guard = self.gem.resv().lock();
        let map = gem::Object::vmap(self, &mut guard)?;
        Ok(locked.kva.insert(map.map().clone()).clone())
    }

    /// Pins the pages; those of an import are its exporter's (`amdxdna_gem_pin_nolock`).
    pub(super) fn pin_nolock(&self) -> Result<Option<Pin>> {
        if self.is_import() {
            return Ok(None);
        }
        let mut guard = self.gem.resv().lock_interruptible()?;
        Ok(Some(self.backing.pin(&mut guard)?))
    }

    /// `amdxdna_gem_unpin`.
    pub(super) fn unpin_nolock(&self, pin: Option<Pin>) {
        if let Some(pin) = pin {
            let mut guard = self.gem.resv().lock();
            self.backing.unpin(&mut guard, pin);
        }
    }

    /// A pin of whoever gives it back with [`AmdxdnaObject::unpin`].
    pub(super) fn pin(&self) -> Result {
        let pin = self.pin_nolock()?;
        self.lock.lock().pins.extend(pin);
        Ok(())
    }

    pub(super) fn unpin(&self) {
        let pin = self.lock.lock().pins.pop();
        self.unpin_nolock(pin);
    }

    /// Whether it is pinned and mapped for the kernel, its handles, whether it has a file.
    pub(crate) fn look(&self) -> (bool, bool, u32, bool) {
        let locked = self.lock.lock();
        let (kva, client) = (locked.kva.is_some(), locked.client.is_some());
        (locked.pinned, kva, locked.open_ref, client)
    }

    /// Undoes what is kept until the object is freed.
    fn release(&self) {
        let (pin, kva) = {
            let mut locked = self.lock.lock();
            (locked.pin.take(), locked.kva.take())
        };
        self.unpin_nolock(pin);
        if let Some(kva) = kva {
            let mut guard = self.gem.resv().lock();
            gem::Object::vunmap(self, &mut guard, &IosysMap::System(kva));
        }
    }
}

/// A reference to the object as one of this driver (`to_xdna_obj`).
pub(crate) fn to_xdna_obj(object: &Gem) -> Result<Gem<AmdxdnaObject>> {
    object.downcast().ok_or(Errno::EINVAL)
}

/// `amdxdna_gem_create_shmem_object_cb`.
impl AmdxdnaObject {
    /// Builds the parts of an object that is being made.
    pub(super) fn new(
        new: New,
        device: &Arc<AmdxdnaDevice>,
        attached: Option<Attached>,
    ) -> Result<Self> {
        let mut share = ShareOptions::default();
        if let Some(attached) = &attached {
            new.resv_slot().choose(attached.dma_buf().resv().clone());
            share = share.refuse_export(Errno::EOPNOTSUPP);
        }
        let cpu = CpuMapOptions::as_base_class().entries(Entries::StructPage);
        Ok(Self {
            backing: Backing::new(&new, BackingOptions::as_base_class()),
            dmap: DeviceMap::new(&new),
            cmap: CpuMap::new(&new, cpu),
            share: Share::new(&new, share),
            gem: new.into_gem(),
            attached,
            place: Place::new(device),
            kind: OnceLock::new(),
            lock: Mutex::default(),
            dev_addr: OnceLock::new(),
        })
    }
}

/// `amdxdna_gem_shmem_funcs`.
impl AmdxdnaObject {
    /// `amdxdna_gem_obj_free`.
    fn free_own(&self, _gone: &Gone) {
        self.release();
    }

    /// `amdxdna_gem_obj_open`: the first handle maps the object for the device. After an error there is no handle, and no file.
    fn open_own(&self, file: &File) -> Result {
        let client = Client::of(file)?;
        let mut locked = self.lock.lock();
        if locked.open_ref == 0 {
            self.dma_map()?;
            locked.client = Some(Arc::clone(client));
            client.account(self.gem.size(), self.is_internal(), true);
        }
        locked.open_ref += 1;
        Ok(())
    }

    /// `amdxdna_gem_obj_close`.
    fn close_own(&self, _file: &File) {
        let mut locked = self.lock.lock();
        locked.open_ref -= 1;
        if locked.open_ref == 0
            && let Some(client) = locked.client.take()
        {
            client.account(self.gem.size(), self.is_internal(), false);
        }
    }

    /// `amdxdna_gem_obj_vmap`.
    fn vmap_own(&self, guard: &mut ResvGuard) -> Result<IosysMap> {
        match &self.attached {
            Some(attached) => attached.vmap(guard),
            None => self.cmap.vmap(guard, &self.backing, &self.dmap),
        }
    }

    /// `amdxdna_gem_obj_vunmap`.
    fn vunmap_own(&self, guard: &mut ResvGuard, _map: &IosysMap) {
        match &self.attached {
            Some(attached) => attached.vunmap(guard),
            None => self.cmap.vunmap(guard, &self.backing),
        }
    }
}

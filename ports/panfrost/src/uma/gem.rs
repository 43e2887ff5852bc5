//! The object (`panfrost_gem.c`).

use drm_core::PAGE_SHIFT;
use drm_core::device::{Device, File};
use drm_core::errno::{Errno, Result};
use drm_core::gem::{Gem, Gone, Header, Status};
use drm_core::resv::ResvGuard;
use drm_core::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use drm_core::sync::{Arc, Mutex};
use gem_uma::{
    Backing, BackingOptions, Caching, CpuMap, CpuMapOptions, DeviceMap, GranuleMap, New, Reclaim,
    ReclaimOptions, Share, ShareOptions, SparseBacking, SparseOptions, UmaObject,
};
use port_kit::mmu::pgsize::SZ_2M;

use super::mapping::Mapping;
use super::{mmu, to_panfrost};
use crate::drv::FilePriv;
use crate::uapi::{BO_HEAP, BO_NOEXEC, MADV_DONTNEED, MADV_WILLNEED};

/// `struct panfrost_gem_object`.
#[derive(UmaObject)]
#[uma(free_before = Self::free_own, open = Self::open_own, close = Self::close_own, pin = Self::pin_own, status = Self::status_own, rss = Self::rss_own)]
pub(crate) struct PanfrostObject {
    #[uma(gem)]
    pub(crate) gem: Header,
    #[uma(backing)]
    pub(crate) backing: Backing,
    /// The 2 MiB chunks of a heap; `None` for other objects.
    #[uma(sparse)]
    pub(crate) heap: Option<SparseBacking>,
    #[uma(device_map)]
    pub(crate) dmap: DeviceMap,
    /// The tables of a heap's chunks.
    #[uma(granule_map)]
    pub(crate) chunks: Option<GranuleMap>,
    #[uma(cpu_map)]
    pub(crate) cmap: CpuMap,
    #[uma(reclaim)]
    pub(crate) reclaim: Reclaim,
    #[uma(share)]
    pub(crate) share: Share,
    /// One mapping for each file that has a handle, in the order of opening (`mappings.list` under `mappings.lock`).
    pub(crate) mappings: Mutex<Vec<Arc<Mapping>>>,
    /// Jobs that use it: the shrinker leaves it alone meanwhile.
    pub(crate) gpu_usecount: AtomicI32,
    noexec: AtomicBool,
}

impl PanfrostObject {
    /// Whether the GPU may not fetch instructions from it.
    pub(crate) fn noexec(&self) -> bool {
        self.noexec.load(Ordering::Relaxed)
    }

    /// Whether its pages come with GPU faults.
    pub(crate) fn is_heap(&self) -> bool {
        self.heap.is_some()
    }

    /// The mapping of a file, referenced (`panfrost_gem_mapping_get`).
    pub(super) fn mapping_get(&self, file: &File) -> Option<Arc<Mapping>> {
        let vm = FilePriv::of(file).ok()?.vm()?;
        let mappings = self.mappings.lock();
        mappings
            .iter()
            .find(|mapping| Arc::ptr_eq(&mapping.vm, &vm))
            .cloned()
    }

    /// Takes every mapping out of its page table, and gives its VA back; the mappings themselves stay listed
    /// (`panfrost_gem_teardown_mappings_locked`).
    pub(super) fn teardown_mappings_locked(mappings: &[Arc<Mapping>]) {
        for mapping in mappings {
            mapping.teardown();
        }
    }
}

/// A reference to the object as one of this driver (`to_panfrost_bo`).
pub(crate) fn to_panfrost_bo(object: &Gem) -> Result<Gem<PanfrostObject>> {
    object.downcast().ok_or(Errno::EINVAL)
}

/// `panfrost_gem_create_object`.
impl PanfrostObject {
    /// Builds the parts of an object that is being made.
    pub fn new(new: New, flags: u32) -> Result<Self> {
        let dev = &new.dev().clone();
        let driver = to_panfrost(dev);
        let write_combined = !driver.pfdev().coherent();
        // A heap is filled chunk by chunk, so nothing that needs all of its pages is allowed.
        let (backing, heap, chunks) = if flags & BO_HEAP != 0 {
            let heap = SparseBacking::new(&new, SparseOptions::default())?;
            (
                Backing::closed(&new),
                Some(heap),
                Some(GranuleMap::new(&new)),
            )
        } else {
            (
                Backing::new(&new, BackingOptions::as_base_class()),
                None,
                None,
            )
        };
        Ok(Self {
            backing,
            heap,
            chunks,
            dmap: DeviceMap::new(&new),
            cmap: CpuMap::new(
                &new,
                CpuMapOptions::as_base_class().caching(if write_combined {
                    Caching::WriteCombined
                } else {
                    Caching::Cached
                }),
            ),
            reclaim: Reclaim::new(&new, ReclaimOptions::as_base_class()),
            share: Share::new(&new, ShareOptions::default()),
            gem: new.into_gem(),
            mappings: Mutex::default(),
            gpu_usecount: AtomicI32::new(0),
            noexec: AtomicBool::new(flags & BO_NOEXEC != 0),
        })
    }
}

/// `panfrost_gem_funcs`.
impl PanfrostObject {
    /// `panfrost_gem_free_object`.
    fn free_own(&self, _gone: &Gone) {
        // Off the list before anything goes, or the shrinker would find a dying object there.
        let driver = to_panfrost(self.gem.dev());
        driver.memory().shrinker_list.lock().remove(&self.reclaim);

        if !self.mappings.lock().is_empty() {
            self.gem.machine().warn_once("panfrost_gem.c:36");
        }
    }

    /// `panfrost_gem_open`.
    fn open_own(&self, file: &File) -> Result {
        let object = self.gem.get().ok_or(Errno::ENOENT)?;
        let vm = FilePriv::of(file)?.vm().ok_or(Errno::ENODEV)?;
        let mapping = Mapping::new(to_panfrost_bo(&object)?, vm);
        let color = if self.noexec() {
            u64::from(BO_NOEXEC)
        } else {
            0
        };
        let pages = self.gem.pages();
        // The program counter of a shader has 24 bits: code must not cross 16 MiB, and does not if aligned to its size.
        let align = if !self.noexec() {
            pages
        } else if self.gem.size() >= SZ_2M {
            SZ_2M >> PAGE_SHIFT
        } else {
            0
        };
        mapping.insert(pages, align, color)?;
        if !self.is_heap() {
            mmu::map(&mapping)?;
        }
        let mut mappings = self.mappings.lock();
        if self.reclaim.advice() != MADV_WILLNEED as i32 {
            self.gem.machine().warn("panfrost_gem.c:159");
        }
        mappings.push(mapping);
        Ok(())
    }

    /// `panfrost_gem_close`.
    fn close_own(&self, file: &File) {
        let Some(vm) = FilePriv::of(file).ok().and_then(FilePriv::vm) else {
            return;
        };
        let mapping = {
            let mut mappings = self.mappings.lock();
            let at = mappings
                .iter()
                .position(|mapping| Arc::ptr_eq(&mapping.vm, &vm));
            at.map(|at| mappings.remove(at))
        };
        drop(mapping);
    }

    /// `panfrost_gem_pin`.
    fn pin_own(&self, guard: &mut ResvGuard) -> Result {
        if self.is_heap() {
            return Err(Errno::EINVAL);
        }
        self.share.pin(guard, &self.backing)
    }

    /// `panfrost_gem_status`.
    fn status_own(&self) -> Option<Status> {
        let mut status = Status::empty();
        if self.gem.is_imported() || self.backing.is_resident() || self.heap_bytes() > 0 {
            status |= Status::RESIDENT;
        }
        if self.reclaim.advice() == MADV_DONTNEED as i32 {
            status |= Status::PURGEABLE;
        }
        Some(status)
    }

    /// `panfrost_gem_rss`.
    fn rss_own(&self) -> Option<u64> {
        if self.is_heap() {
            return Some(self.heap_bytes());
        }
        Some(if self.backing.is_resident() {
            self.gem.size()
        } else {
            0
        })
    }

    /// Bytes of a heap that faults brought in.
    pub(crate) fn heap_bytes(&self) -> u64 {
        self.heap
            .as_ref()
            .map_or(0, |heap| heap.resident_pages() << PAGE_SHIFT)
    }
}

/// `panfrost_gem_create`. Errors of the base class.
pub(super) fn create(dev: &Device, size: u32, flags: u32) -> Result<Gem<PanfrostObject>> {
    let mut size = u64::from(size);
    // Whole chunks, so that a fault need not look at the end.
    if flags & BO_HEAP != 0 {
        size = size.next_multiple_of(SZ_2M);
    }
    gem_uma::create(dev, size, |new| PanfrostObject::new(new, flags))
}

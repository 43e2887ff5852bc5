//! The object: creation, release, and its function table (`lima_gem.c`).

use drm_core::device::{Device, File};
use drm_core::errno::Result;
use drm_core::gem::{Gem, Gone, Header};
use drm_core::machine::Event;
use drm_core::memory::Gfp;
use drm_core::sync::Mutex;
use drm_core::sync::atomic::{AtomicU64, Ordering};
use gem_uma::{
    Backing, BackingOptions, Caching, CpuMap, CpuMapOptions, DeviceMap, GranuleMap, New, Share,
    ShareOptions, SparseBacking, SparseOptions, UmaObject,
};

use super::heap;
use super::mapping::Record;
use crate::file::FilePrivate;
use crate::side::Bo;

/// `struct lima_bo`
#[derive(Debug, UmaObject)]
#[uma(free_before = Self::free_own, open = Self::open_own, close = Self::close_own, status = none, rss = none)]
pub struct LimaBo {
    /// The GEM object.
    #[uma(gem)]
    pub gem: Header,
    /// The pages.
    #[uma(backing)]
    pub backing: Backing,
    /// The pages of a heap; `None` for what is none.
    #[uma(sparse)]
    pub heap: Option<SparseBacking>,
    /// The table mapped for the device.
    #[uma(device_map)]
    pub dmap: DeviceMap,
    /// The tables of a heap.
    #[uma(granule_map)]
    pub chunks: Option<GranuleMap>,
    /// Kernel and user mappings.
    #[uma(cpu_map)]
    pub cmap: CpuMap,
    /// Export and import.
    #[uma(share)]
    pub share: Share,
    /// One record for each address space that maps the object.
    pub(super) records: Mutex<Vec<Record>>,
    /// Bytes that are backed of a heap; 0 for what is none.
    pub(super) heap_size: AtomicU64,
}

impl LimaBo {
    pub(super) fn heap(&self) -> u64 {
        self.heap_size.load(Ordering::SeqCst)
    }
}

impl LimaBo {
    /// `lima_gem_create_object`. The GPU reaches 32 bits, so pages are below 4 GiB. A heap has holes: nothing that needs all of
    /// its pages is allowed.
    pub fn new(new: New, heap: bool) -> Result<Self> {
        let gfp = Gfp::KERNEL | Gfp::DMA32;
        let (backing, heap, chunks) = if heap {
            let options = SparseOptions::default().granule_pages(heap::INIT_PAGES);
            let pages = SparseBacking::new(&new, options.gfp(gfp))?;
            let chunks = GranuleMap::new(&new);
            (Backing::closed(&new), Some(pages), Some(chunks))
        } else {
            let options = BackingOptions::as_base_class().gfp(gfp);
            (Backing::new(&new, options), None, None)
        };
        Ok(Self {
            backing,
            heap,
            dmap: DeviceMap::new(&new),
            chunks,
            cmap: CpuMap::new(
                &new,
                CpuMapOptions::as_base_class().caching(Caching::WriteCombined),
            ),
            share: Share::new(&new, ShareOptions::default()),
            gem: new.into_gem(),
            records: Mutex::default(),
            heap_size: AtomicU64::new(0),
        })
    }
}

impl LimaBo {
    /// `lima_gem_free_object`
    fn free_own(&self, _gone: &Gone) {
        if !self.records.lock().is_empty() {
            let trace = self.gem.machine().trace();
            trace.record(Event::Log("lima gem free bo still has va".to_owned()));
        }
    }

    /// `lima_gem_object_open`
    fn open_own(&self, file: &File) -> Result {
        let private = FilePrivate::of(file)?;
        self.add_to(private.vm(), true)
    }

    /// `lima_gem_object_close`
    fn close_own(&self, file: &File) {
        if let Ok(private) = FilePrivate::of(file) {
            self.remove_from(private.vm());
        }
    }
}

/// `lima_gem_create_handle`, up to the handle.
pub(super) fn create(dev: &Device, size: u64, heap: bool) -> Result<Gem<LimaBo>> {
    let bo = gem_uma::create(dev, size, |new| LimaBo::new(new, heap))?;
    if heap {
        heap::grow(&bo, None)?;
    } else {
        drop(bo.dmap.lock_table(&bo.backing)?);
    }
    Ok(bo)
}

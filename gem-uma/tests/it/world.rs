//! A machine, a device whose objects have every part, and one whose objects grow.

use std::collections::BTreeMap;

use drm_core::PAGE_SIZE;
use drm_core::device::{Device, Driver, Features, File};
use drm_core::dma::{DmaConfig, DmaDevice, SgTable};
use drm_core::errno::{Errno, Result};
use drm_core::gem::{Gem, Header};
use drm_core::machine::{Config, Machine, Shrinker};
use drm_core::mmap::{Process, Prot, Sharing};
use drm_core::prime::DmaBuf;
use drm_core::resv::Resv;
use drm_core::sync::atomic::{AtomicU64, Ordering};
use drm_core::sync::{Arc, Mutex, OnceLock};
use gem_uma::{
    Backing, BackingOptions, CpuMap, CpuMapOptions, DeviceMap, DeviceReclaim, GpuMap, GpuMapping,
    GranuleMap, Mapping, New, Reclaim, ReclaimOptions, Share, ShareOptions, SparseBacking,
    SparseOptions, UmaObject, VmReclaim,
};

/// An address space of the device: a reservation, a list of its own, page tables under a lock.
#[derive(Debug)]
pub(crate) struct Vm {
    pub(crate) id: u64,
    pub(crate) resv: Resv,
    pub(crate) reclaim: Option<VmReclaim>,
    /// Physical addresses, by address in the space.
    pub(crate) entries: Mutex<BTreeMap<u64, u64>>,
    pub(crate) unmaps: AtomicU64,
}

impl Vm {
    pub(crate) fn write_entries(&self, va: u64, table: &SgTable) {
        let mut entries = self.entries.lock();
        let mut at = va;
        for entry in table.dma_entries() {
            for page in 0..entry.len / PAGE_SIZE {
                entries.insert(at, entry.addr + page * PAGE_SIZE);
                at += PAGE_SIZE;
            }
        }
    }

    /// What the device finds at `va`; `None` is a fault.
    pub(crate) fn read(&self, machine: &Machine, va: u64) -> Option<u8> {
        let entries = self.entries.lock();
        let phys = entries.get(&(va & !(PAGE_SIZE - 1)))?;
        let mut byte = [0];
        machine.ram().read(phys + va % PAGE_SIZE, &mut byte);
        Some(byte[0])
    }
}

/// What a driver keeps with a mapping.
#[derive(Debug)]
pub(crate) struct Va {
    pub(crate) vm: Arc<Vm>,
    pub(crate) start: u64,
    pub(crate) size: u64,
}

impl GpuMapping for Va {
    fn space(&self) -> u64 {
        self.vm.id
    }

    fn resv(&self) -> Option<&Resv> {
        Some(&self.vm.resv)
    }

    fn reclaim(&self) -> Option<&VmReclaim> {
        self.vm.reclaim.as_ref()
    }

    fn try_unmap(&self) -> Result {
        let mut entries = self.vm.entries.try_lock().ok_or(Errno::EBUSY)?;
        let end = self.start + self.size;
        entries.retain(|at, _| !(self.start..end).contains(at));
        self.vm.unmaps.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

/// An object with every part of a whole object, and, where it grows, those of a sparse one.
#[derive(UmaObject)]
pub(crate) struct Bo {
    #[uma(gem)]
    pub(crate) gem: Header,
    #[uma(backing)]
    pub(crate) backing: Backing,
    #[uma(sparse)]
    pub(crate) heap: Option<SparseBacking>,
    #[uma(device_map)]
    pub(crate) dmap: DeviceMap,
    #[uma(granule_map)]
    pub(crate) chunks: Option<GranuleMap>,
    #[uma(cpu_map)]
    pub(crate) cmap: CpuMap,
    #[uma(gpu_map)]
    pub(crate) gmap: GpuMap<Va>,
    #[uma(reclaim)]
    pub(crate) reclaim: Reclaim,
    #[uma(share)]
    pub(crate) share: Share,
}

/// How the parts of an object behave.
#[derive(Clone, Copy, Default)]
pub(crate) struct Options {
    pub(crate) backing: BackingOptions,
    pub(crate) cpu: CpuMapOptions,
    pub(crate) reclaim: ReclaimOptions,
    pub(crate) share: ShareOptions,
}

impl Options {
    pub(crate) fn as_base_class() -> Self {
        Self {
            backing: BackingOptions::as_base_class(),
            cpu: CpuMapOptions::as_base_class(),
            reclaim: ReclaimOptions::as_base_class(),
            share: ShareOptions::default(),
        }
    }
}

impl Bo {
    pub(crate) fn new(new: New, options: Options) -> Result<Self> {
        Ok(Self {
            backing: Backing::new(&new, options.backing),
            heap: None,
            dmap: DeviceMap::new(&new),
            chunks: None,
            cmap: CpuMap::new(&new, options.cpu),
            gmap: GpuMap::new(&new),
            reclaim: Reclaim::new(&new, options.reclaim),
            share: Share::new(&new, options.share),
            gem: new.into_gem(),
        })
    }

    pub(crate) fn heap(new: New, options: SparseOptions) -> Result<Self> {
        Ok(Self {
            backing: Backing::closed(&new),
            heap: Some(SparseBacking::new(&new, options)?),
            dmap: DeviceMap::new(&new),
            chunks: Some(GranuleMap::new(&new)),
            cmap: CpuMap::new(&new, CpuMapOptions::default()),
            gmap: GpuMap::new(&new),
            reclaim: Reclaim::new(&new, ReclaimOptions::default()),
            share: Share::new(&new, ShareOptions::default()),
            gem: new.into_gem(),
        })
    }
}

#[derive(Default)]
struct TestDriver {
    options: Options,
    reclaim: OnceLock<DeviceReclaim>,
}

impl Driver for TestDriver {
    fn name(&self) -> &'static str {
        "uma-test"
    }

    fn features(&self) -> Features {
        Features::GEM | Features::RENDER
    }

    fn gem_prime_import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem> {
        gem_uma::import(dev, dma_buf, dev.dma(), |new| {
            let new = match self.reclaim.get() {
                Some(reclaim) => new.reclaimed_by(reclaim),
                None => new,
            };
            Ok(new.create(|new| Bo::new(new, self.options))?.into_dyn())
        })
    }
}

pub(crate) struct World {
    pub(crate) machine: Machine,
    pub(crate) dev: Device,
    pub(crate) options: Options,
    pub(crate) reclaim: Option<DeviceReclaim>,
    pub(crate) shrinker: Option<Arc<dyn Shrinker>>,
    spaces: AtomicU64,
}

impl World {
    pub(crate) fn new(options: Options) -> Self {
        Self::on(Config::default(), DmaConfig::default(), options)
    }

    pub(crate) fn on(config: Config, dma: DmaConfig, options: Options) -> Self {
        let machine = Machine::new(config).expect("RAM");
        let dev = Self::device(&machine, dma, options);
        Self {
            machine,
            dev,
            options,
            reclaim: None,
            shrinker: None,
            spaces: AtomicU64::new(1),
        }
    }

    /// A world whose objects are reclaimed.
    pub(crate) fn reclaiming(config: Config) -> Self {
        let mut world = Self::on(config, DmaConfig::default(), Options::default());
        let reclaim = DeviceReclaim::new(&world.dev);
        let driver = world.dev.driver_as::<TestDriver>().expect("driver");
        assert!(driver.reclaim.set(reclaim.clone()).is_ok());
        world.shrinker = Some(reclaim.register());
        world.reclaim = Some(reclaim);
        world
    }

    /// One more device of the same kind on a machine.
    pub(crate) fn device(machine: &Machine, dma: DmaConfig, options: Options) -> Device {
        Device::new(
            DmaDevice::new(machine, "gpu", dma),
            Arc::new(TestDriver {
                options,
                reclaim: OnceLock::new(),
            }),
        )
    }

    pub(crate) fn new_bo(&self, size: u64) -> Result<Gem<Bo>> {
        let new = New::native(&self.dev, size)?;
        let new = match &self.reclaim {
            Some(reclaim) => new.reclaimed_by(reclaim),
            None => new,
        };
        new.create(|new| Bo::new(new, self.options))
    }

    pub(crate) fn bo(&self, size: u64) -> Gem<Bo> {
        self.new_bo(size).expect("object")
    }

    pub(crate) fn heap(&self, size: u64, options: SparseOptions) -> Gem<Bo> {
        gem_uma::create(&self.dev, size, |new| Bo::heap(new, options)).expect("heap")
    }

    pub(crate) fn vm(&self) -> Arc<Vm> {
        Arc::new(Vm {
            id: self.spaces.fetch_add(1, Ordering::SeqCst),
            resv: Resv::new(&self.machine),
            reclaim: self.reclaim.as_ref().map(VmReclaim::new),
            entries: Mutex::default(),
            unmaps: AtomicU64::new(0),
        })
    }

    /// Maps an object in an address space, whole, at `start`.
    pub(crate) fn gpu_map(&self, bo: &Gem<Bo>, vm: &Arc<Vm>, start: u64) -> Arc<Mapping<Va>> {
        let mapping = Arc::new(Mapping::new(Va {
            vm: Arc::clone(vm),
            start,
            size: bo.gem.size(),
        }));
        let mut guard = bo.gem.resv().lock();
        let table = bo.dmap.table(&mut guard, &bo.backing).expect("table");
        vm.write_entries(start, &table);
        mapping.set_active(true);
        bo.gmap.lock().insert(Arc::clone(&mapping));
        drop(table);
        mapping
    }

    /// What a submit does before the job runs: evicted mappings of the space are brought back.
    pub(crate) fn validate(&self, bo: &Gem<Bo>, vm: &Arc<Vm>) -> Result<usize> {
        let mut guard = bo.gem.resv().lock();
        bo.gmap.restore(
            &mut guard,
            &bo.backing,
            &bo.dmap,
            vm.id,
            |mapping, table| {
                mapping.vm.write_entries(mapping.start, table);
                Ok(())
            },
        )
    }

    pub(crate) fn gpu_unmap(&self, bo: &Gem<Bo>, vm: &Arc<Vm>) {
        let _guard = bo.gem.resv().lock();
        let mapping = bo.gmap.lock().remove(vm.id).expect("mapping");
        mapping.try_unmap().expect("nobody else");
    }

    /// Writes bytes through the kernel's mapping.
    pub(crate) fn fill(&self, bo: &Gem<Bo>, value: u8) -> Result {
        let mut guard = bo.gem.resv().lock();
        let map = bo.cmap.vmap(&mut guard, &bo.backing, &bo.dmap)?;
        let filled = map.map().fill(0, bo.gem.size(), value);
        bo.cmap.vunmap(&mut guard, &bo.backing);
        filled
    }

    /// Reads the first byte of each page, which must be the same, through the kernel's mapping.
    pub(crate) fn value(&self, bo: &Gem<Bo>) -> Result<u8> {
        let mut guard = bo.gem.resv().lock();
        let map = bo.cmap.vmap(&mut guard, &bo.backing, &bo.dmap)?;
        let mut values: Vec<u8> = (0..bo.gem.pages())
            .map(|page| {
                let mut byte = [0];
                map.map().read(page * PAGE_SIZE, &mut byte).expect("mapped");
                byte[0]
            })
            .collect();
        bo.cmap.vunmap(&mut guard, &bo.backing);
        values.dedup();
        assert_eq!(values.len(), 1, "pages differ");
        Ok(values[0])
    }

    /// Maps an object of `file` for a process.
    pub(crate) fn mmap(&self, process: &Process, file: &File, bo: &Gem<Bo>) -> Result<u64> {
        let offset = bo.gem.node().offset().ok_or(Errno::EINVAL)?;
        process.mmap(
            file,
            bo.gem.size(),
            Prot::ReadWrite,
            Sharing::Shared,
            offset,
        )
    }

    /// Nothing is left, and nothing was warned of.
    pub(crate) fn assert_clean(&self) {
        assert_eq!(self.machine.trace().take(), []);
        assert_eq!(self.dev.object_count(), 0);
        assert_eq!(self.machine.frames().stats().used, 0);
    }
}

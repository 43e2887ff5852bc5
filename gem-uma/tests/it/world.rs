//! A machine, a device whose objects have every part, and one whose objects grow.

use std::sync::Arc;

use drm_core::device::{Device, Driver, Features, File};
use drm_core::dma::{DmaConfig, DmaDevice};
use drm_core::errno::{Errno, Result};
use drm_core::gem::{Gem, Header};
use drm_core::machine::{Config, Machine};
use drm_core::mmap::{Process, Prot, Sharing};
use drm_core::prime::DmaBuf;
use gem_uma::{
    Backing, BackingOptions, CpuMap, CpuMapOptions, DeviceMap, GpuMap, GpuMapping, GranuleMap, New,
    Reclaim, ReclaimOptions, Share, ShareOptions, SparseBacking, SparseOptions, UmaObject,
};

/// What a driver keeps with a mapping.
#[derive(Debug)]
pub(crate) struct Va(pub(crate) u64);

impl GpuMapping for Va {
    fn space(&self) -> u64 {
        self.0
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

struct TestDriver(Options);

impl Driver for TestDriver {
    fn name(&self) -> &'static str {
        "uma-test"
    }

    fn features(&self) -> Features {
        Features::GEM | Features::RENDER
    }

    fn gem_prime_import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem> {
        gem_uma::import(dev, dma_buf, dev.dma(), |new| {
            Ok(new.create(|new| Bo::new(new, self.0))?.into_dyn())
        })
    }
}

pub(crate) struct World {
    pub(crate) machine: Machine,
    pub(crate) dev: Device,
    pub(crate) options: Options,
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
        }
    }

    /// One more device of the same kind on a machine.
    pub(crate) fn device(machine: &Machine, dma: DmaConfig, options: Options) -> Device {
        Device::new(
            DmaDevice::new(machine, "gpu", dma),
            Arc::new(TestDriver(options)),
        )
    }

    pub(crate) fn bo(&self, size: u64) -> Gem<Bo> {
        gem_uma::create(&self.dev, size, |new| Bo::new(new, self.options)).expect("object")
    }

    pub(crate) fn heap(&self, size: u64, options: SparseOptions) -> Gem<Bo> {
        gem_uma::create(&self.dev, size, |new| Bo::heap(new, options)).expect("heap")
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

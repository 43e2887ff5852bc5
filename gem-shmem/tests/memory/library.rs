//! The two libraries behind one face: a driver, and how it makes an object.

use drm_core::device::{Device, Driver, DumbArgs, Features, File};
use drm_core::dma::{DmaConfig, DmaDevice, SgTable};
use drm_core::errno::Result;
use drm_core::gem::Gem;
use drm_core::machine::{Config, Machine};
use drm_core::mmap::{Process, Prot, Sharing};
use drm_core::prime::{Attachment, DmaBuf};
use drm_core::sync::Arc;
use gem_shmem::legacy::{self, Plain};

/// Bytes in a page.
pub(crate) const PAGE: u64 = drm_core::PAGE_SIZE;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Library {
    /// The base class, with its own function table.
    Legacy,
    /// The closed type.
    Closed,
}

pub(crate) const LIBRARIES: [Library; 2] = [Library::Legacy, Library::Closed];

impl Library {
    pub(crate) fn create(self, dev: &Device, size: u64) -> Result<Gem> {
        match self {
            Self::Legacy => legacy::create::<Plain>(dev, size).map(Gem::into_dyn),
            Self::Closed => gem_shmem::Object::create(dev, size).map(Gem::into_dyn),
        }
    }
}

impl Driver for Library {
    fn name(&self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Closed => "closed",
        }
    }

    fn features(&self) -> Features {
        Features::GEM | Features::MODESET
    }

    fn gem_prime_import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem> {
        match self {
            Self::Legacy => drm_core::prime::import(dev, dma_buf, dev.dma()),
            Self::Closed => gem_shmem::Object::prime_import(dev, dma_buf, Some(dev.dma())),
        }
    }

    fn gem_prime_import_sg_table(
        &self,
        dev: &Device,
        attach: &Arc<Attachment>,
        table: Arc<SgTable>,
    ) -> Result<Gem> {
        legacy::prime_import_sg_table::<Plain>(dev, attach, Some(table)).map(Gem::into_dyn)
    }

    fn has_import_sg_table(&self) -> bool {
        *self == Self::Legacy
    }

    fn dumb_create(&self, file: &File, args: &mut DumbArgs) -> Result {
        match self {
            Self::Legacy => legacy::dumb_create::<Plain>(file, args),
            Self::Closed => gem_shmem::Object::dumb_create(file, args),
        }
    }
}

/// A device and one open file of it.
pub(crate) struct Side {
    pub(crate) library: Library,
    pub(crate) dev: Device,
    pub(crate) file: File,
}

pub(crate) fn machine(config: Config) -> Machine {
    Machine::new(config).expect("the host has memory for the machine")
}

/// So little RAM that frames are handed out again at once.
pub(crate) fn small() -> Machine {
    machine(Config {
        ram: 64 * PAGE,
        swap: 128 * PAGE,
        ..Config::default()
    })
}

impl Side {
    pub(crate) fn new(machine: &Machine, library: Library) -> Self {
        Self::with_driver(machine, library, Arc::new(library))
    }

    pub(crate) fn with_driver(machine: &Machine, library: Library, driver: Arc<Library>) -> Self {
        let dma = DmaDevice::new(machine, library.name(), DmaConfig::default());
        let dev = Device::new(dma, driver);
        let file = dev.open().expect("it opens");
        Self { library, dev, file }
    }

    /// An object of so many pages, and its handle.
    pub(crate) fn object(&self, pages: u64) -> (Gem, u32) {
        let object = self
            .library
            .create(&self.dev, pages * PAGE)
            .expect("it can be made");
        let handle = self
            .file
            .handle_create(&object)
            .expect("a handle can be made");
        (object, handle)
    }

    /// Maps the whole object.
    pub(crate) fn map(&self, process: &Process, object: &Gem) -> Result<u64> {
        let offset = object.gem().create_mmap_offset()?;
        let len = object.gem().size();
        process.mmap(&self.file, len, Prot::ReadWrite, Sharing::Shared, offset)
    }
}

/// Every byte of the object, through the kernel.
pub(crate) fn contents(object: &Gem) -> Result<Vec<u8>> {
    let mut guard = object.gem().resv().lock();
    let map = object.vmap(&mut guard)?;
    let mut bytes = vec![0xee; object.gem().size() as usize];
    let read = map.map().read(0, &mut bytes);
    object.vunmap(&mut guard, &map);
    read.map(|()| bytes)
}

/// Sets every byte of the object, through the kernel.
pub(crate) fn fill(object: &Gem, value: u8) -> Result {
    let mut guard = object.gem().resv().lock();
    let map = object.vmap(&mut guard)?;
    let filled = map.map().fill(0, object.gem().size(), value);
    object.vunmap(&mut guard, &map);
    filled
}

/// Whether every byte is `value`.
#[track_caller]
pub(crate) fn assert_all(bytes: &[u8], value: u8, what: &str) {
    let other = bytes.iter().position(|byte| *byte != value);
    assert_eq!(other.map(|at| (at, bytes[at])), None, "{what}");
}

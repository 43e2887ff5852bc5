//! A machine, a device without a memory library, and objects of the least kind.

use drm_core::device::{Device, Driver, Features, File};
use drm_core::dma::{DmaConfig, DmaDevice};
use drm_core::errno::Result;
use drm_core::gem::{Fault, FaultContext, Gem, Header, Object, Status};
use drm_core::machine::{Config, Machine};
use drm_core::memory::Page;
use drm_core::mmap::{NewVma, VmFlags, Vma};
use drm_core::sync::{Arc, Mutex};

/// Bytes in a page.
pub(crate) const PAGE: u64 = drm_core::PAGE_SIZE;

struct Bare;

impl Driver for Bare {
    fn name(&self) -> &'static str {
        "bare"
    }

    fn features(&self) -> Features {
        Features::GEM | Features::RENDER
    }
}

pub(crate) struct Bench {
    pub(crate) machine: Machine,
    pub(crate) dev: Device,
    pub(crate) file: File,
}

pub(crate) fn bench() -> Bench {
    bench_with(Config::default())
}

pub(crate) fn bench_with(config: Config) -> Bench {
    let machine = Machine::new(config).expect("the host has memory for the machine");
    let dma = DmaDevice::new(&machine, "bare", DmaConfig::default());
    let dev = Device::new(dma, Arc::new(Bare));
    let file = dev.open().expect("it opens");
    Bench { machine, dev, file }
}

/// An object that reads its pages in when they are touched, and tells a status that a test sets.
pub(crate) struct Buffer {
    header: Header,
    pub(crate) pages: Mutex<Vec<Page>>,
    pub(crate) status: Mutex<Option<Status>>,
    pub(crate) rss: Mutex<Option<u64>>,
    /// What `open` answers.
    pub(crate) opens: Mutex<Result>,
}

impl Object for Buffer {
    fn gem(&self) -> &Header {
        &self.header
    }

    fn open(&self, _file: &File) -> Result {
        *self.opens.lock()
    }

    fn mmap(&self, vma: &mut NewVma) -> Result {
        vma.set_flags(VmFlags::PFNMAP | VmFlags::DONTEXPAND);
        Ok(())
    }

    fn fault(&self, vma: &Vma, fault: FaultContext) -> Fault {
        let file = self.header.filp();
        match file.map(|file| file.read_page(vma.pgoff() - self.start() + fault.index)) {
            Some(Ok(page)) => {
                vma.insert_pfn(fault.index, page.phys());
                self.pages.lock().push(page);
                Fault::NoPage
            }
            _ => Fault::SigBus,
        }
    }

    fn status(&self) -> Option<Status> {
        *self.status.lock()
    }

    fn rss(&self) -> Option<u64> {
        *self.rss.lock()
    }
}

impl Buffer {
    fn start(&self) -> u64 {
        self.header.node().offset().unwrap_or(0) / PAGE
    }
}

impl Bench {
    pub(crate) fn buffer(&self, pages: u64) -> Gem<Buffer> {
        let header = Header::new(&self.dev, pages * PAGE).expect("an object can be made");
        Gem::new(Buffer {
            header,
            pages: Mutex::default(),
            status: Mutex::default(),
            rss: Mutex::default(),
            opens: Mutex::new(Ok(())),
        })
    }

    /// `n` objects, their type forgotten.
    pub(crate) fn objects(&self, n: usize) -> Vec<Gem> {
        (0..n).map(|_| self.buffer(1).into_dyn()).collect()
    }

    /// Nothing was warned of since the last look.
    #[track_caller]
    pub(crate) fn quiet(&self) {
        assert_eq!(self.machine.trace().take(), []);
    }

    /// One event since the last look.
    #[track_caller]
    pub(crate) fn warned(&self) {
        assert_eq!(self.machine.trace().take().len(), 1);
    }
}

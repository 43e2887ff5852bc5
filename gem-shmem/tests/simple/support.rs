//! A device on the closed type, and a foreign exporter that counts what is asked of it.

use drm_core::PAGE_SIZE;
use drm_core::device::{Device, Driver, DumbArgs, File};
use drm_core::dma::{DmaConfig, DmaDevice, SgTable};
use drm_core::errno::{Errno, Result};
use drm_core::gem::{Gem, IosysMap, Object as _};
use drm_core::machine::{Config, Event, Machine};
use drm_core::memory::{Gfp, KernelMap, Page};
use drm_core::prime::{Attachment, Direction, DmaBuf, DmaBufOps};
use drm_core::resv::{Resv, ResvGuard};
use drm_core::sync::{Arc, Mutex};
use gem_shmem::Object;

pub(crate) struct Simple;

impl Driver for Simple {
    fn name(&self) -> &'static str {
        "simple"
    }

    fn gem_prime_import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem> {
        Object::prime_import(dev, dma_buf, Some(dev.dma()))
    }

    fn dumb_create(&self, file: &File, args: &mut DumbArgs) -> Result {
        Object::dumb_create(file, args)
    }
}

pub(crate) fn machine() -> Machine {
    Machine::new(Config::default()).expect("a machine")
}

pub(crate) fn device_on(machine: &Machine) -> Device {
    let dma = DmaDevice::new(machine, "simple", DmaConfig::default());
    Device::new(dma, Arc::new(Simple))
}

pub(crate) fn device() -> Device {
    device_on(&machine())
}

/// Users of the pages and of the kernel mapping, as debugfs prints them.
pub(crate) fn counts(object: &Object) -> (u32, u32) {
    let mut text = String::new();
    object
        .print_info(&mut text, 0)
        .expect("a string takes everything");
    let value = |name: &str| {
        let mut lines = text.lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        value
            .expect("the line is printed")
            .parse()
            .expect("it is a number")
    };
    (value("pages_use_count"), value("vmap_use_count"))
}

/// The warnings since the last call.
pub(crate) fn warnings(dev: &Device) -> Vec<&'static str> {
    let events = dev.machine().trace().take();
    let warnings = events.into_iter().map(|event| match event {
        Event::Warning(site) => site,
        other => panic!("not a warning: {other}"),
    });
    warnings.collect()
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Calls {
    pub(crate) attached: i32,
    pub(crate) tables: u32,
    pub(crate) vmapped: i32,
    pub(crate) accesses: i32,
}

#[derive(Clone, Copy, Default)]
struct Refusals {
    attach: Option<Errno>,
    begin: Option<Errno>,
    io_memory: bool,
}

/// A foreign buffer of two pages.
pub(crate) struct Camera {
    inner: Arc<Inner>,
    pub(crate) dma_buf: DmaBuf,
}

struct Inner {
    machine: Machine,
    pages: Vec<Page>,
    calls: Mutex<Calls>,
    refusals: Mutex<Refusals>,
}

struct Ops(Arc<Inner>);

impl Camera {
    pub(crate) fn new(machine: &Machine) -> Self {
        let page = || Page::alloc(machine.frames(), Gfp::KERNEL).expect("a page");
        let inner = Arc::new(Inner {
            machine: machine.clone(),
            pages: vec![page(), page()],
            calls: Mutex::default(),
            refusals: Mutex::default(),
        });
        let ops = Arc::new(Ops(Arc::clone(&inner)));
        let resv = Resv::new(machine);
        let dma_buf = DmaBuf::new(machine, 2 * PAGE_SIZE, &resv, true, ops);
        Self { inner, dma_buf }
    }

    pub(crate) fn machine(&self) -> Machine {
        self.inner.machine.clone()
    }

    /// What is attached, mapped and under way now; tables are counted from the beginning.
    pub(crate) fn calls(&self) -> Calls {
        *self.inner.calls.lock()
    }

    pub(crate) fn refuse_attach(&self, error: Errno) {
        self.inner.refusals.lock().attach = Some(error);
    }

    pub(crate) fn refuse_access(&self, error: Errno) {
        self.inner.refusals.lock().begin = Some(error);
    }

    pub(crate) fn give_io_memory(&self) {
        self.inner.refusals.lock().io_memory = true;
    }

    pub(crate) fn write(&self, page: usize, bytes: &[u8]) {
        let at = self.inner.pages[page].phys();
        self.inner.machine.ram().write(at, bytes);
    }
}

impl DmaBufOps for Ops {
    fn attach(&self, _attach: &Attachment) -> Result {
        let refused = self.0.refusals.lock().attach;
        refused.map_or(Ok(()), Err)?;
        self.0.calls.lock().attached += 1;
        Ok(())
    }

    fn detach(&self, _attach: &Attachment) {
        self.0.calls.lock().attached -= 1;
    }

    fn map(
        &self,
        attach: &Attachment,
        _guard: &mut ResvGuard,
        _direction: Direction,
    ) -> Result<Arc<SgTable>> {
        self.0.calls.lock().tables += 1;
        let addrs = self.0.pages.iter().map(Page::phys);
        let max = attach.device().max_segment();
        let table = SgTable::from_addrs(&self.0.machine, addrs, max)?;
        table.map(attach.device())?;
        Ok(Arc::new(table))
    }

    fn vmap(&self, _guard: &mut ResvGuard) -> Result<IosysMap> {
        let map = KernelMap::new(self.0.machine.ram(), &self.0.pages)?;
        self.0.calls.lock().vmapped += 1;
        let io_memory = self.0.refusals.lock().io_memory;
        Ok(if io_memory {
            IosysMap::Io(map)
        } else {
            IosysMap::System(map)
        })
    }

    fn vunmap(&self, _guard: &mut ResvGuard, map: &IosysMap) {
        self.0.calls.lock().vmapped -= 1;
        map.map().unmap();
    }

    fn begin_cpu_access(&self, _direction: Direction) -> Result {
        let refused = self.0.refusals.lock().begin;
        refused.map_or(Ok(()), Err)?;
        self.0.calls.lock().accesses += 1;
        Ok(())
    }

    fn end_cpu_access(&self, _direction: Direction) -> Result {
        self.0.calls.lock().accesses -= 1;
        Ok(())
    }
}

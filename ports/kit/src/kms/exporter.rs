//! A foreign exporter of one buffer that counts what is asked of it: a camera, say.

use drm_core::PAGE_SIZE;
use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::gem::IosysMap;
use drm_core::machine::Machine;
use drm_core::memory::{Gfp, KernelMap, Page};
use drm_core::prime::{Attachment, Direction, DmaBuf, DmaBufOps};
use drm_core::resv::{Resv, ResvGuard};
use drm_core::sync::{Arc, Mutex};

/// How often each operation was called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// Devices that attached.
    pub attach: u32,
    /// Devices that detached.
    pub detach: u32,
    /// Tables mapped for a device.
    pub map: u32,
    /// First users of the kernel mapping.
    pub vmap: u32,
    /// Last users of the kernel mapping.
    pub vunmap: u32,
    /// Accesses of the CPU begun.
    pub begin: u32,
    /// Accesses of the CPU ended.
    pub end: u32,
}

/// What the exporter is told to refuse.
#[derive(Clone, Copy, Debug, Default)]
struct Faults {
    begin: Option<Errno>,
    end: Option<Errno>,
    io_memory: bool,
}

struct Shared {
    machine: Machine,
    pages: Vec<Page>,
    calls: Mutex<Calls>,
    faults: Mutex<Faults>,
}

struct Ops(Arc<Shared>);

/// The exporter, as the test holds it.
pub struct Exporter {
    shared: Arc<Shared>,
    dma_buf: DmaBuf,
}

impl Exporter {
    /// A buffer of `pages` pages. `ENOMEM`.
    pub fn new(machine: &Machine, pages: usize) -> Result<Self> {
        let pages = (0..pages)
            .map(|_| Page::alloc(machine.frames(), Gfp::KERNEL))
            .collect::<Result<Vec<_>>>()?;
        let shared = Arc::new(Shared {
            machine: machine.clone(),
            pages,
            calls: Mutex::default(),
            faults: Mutex::default(),
        });
        let size = shared.pages.len() as u64 * PAGE_SIZE;
        let ops = Arc::new(Ops(Arc::clone(&shared)));
        let dma_buf = DmaBuf::new(machine, size, &Resv::new(machine), true, ops);
        Ok(Self { shared, dma_buf })
    }

    /// The buffer.
    #[must_use]
    pub fn dma_buf(&self) -> &DmaBuf {
        &self.dma_buf
    }

    /// The calls since the last time.
    #[must_use]
    pub fn take_calls(&self) -> Calls {
        std::mem::take(&mut *self.shared.calls.lock())
    }

    /// Refuses every further begin of an access with this error, or none.
    pub fn fail_begin(&self, error: Option<Errno>) {
        self.shared.faults.lock().begin = error;
    }

    /// Refuses every further end of an access with this error, or none.
    pub fn fail_end(&self, error: Option<Errno>) {
        self.shared.faults.lock().end = error;
    }

    /// Maps for the kernel to memory of a device from now on.
    pub fn give_io_memory(&self) {
        self.shared.faults.lock().io_memory = true;
    }

    /// Fills the buffer with `pixel`, as the camera does.
    pub fn paint(&self, pixel: &[u8]) {
        let line = pixel.repeat(PAGE_SIZE as usize / pixel.len());
        for page in &self.shared.pages {
            self.shared.machine.ram().write(page.phys(), &line);
        }
    }
}

impl Ops {
    fn count(&self, count: impl FnOnce(&mut Calls)) {
        count(&mut self.0.calls.lock());
    }
}

impl DmaBufOps for Ops {
    fn exporter(&self) -> &'static str {
        "camera"
    }

    fn attach(&self, _attach: &Attachment) -> Result {
        self.count(|calls| calls.attach += 1);
        Ok(())
    }

    fn detach(&self, _attach: &Attachment) {
        self.count(|calls| calls.detach += 1);
    }

    fn map(
        &self,
        attach: &Attachment,
        _guard: &mut ResvGuard,
        _direction: Direction,
    ) -> Result<Arc<SgTable>> {
        self.count(|calls| calls.map += 1);
        let addrs = self.0.pages.iter().map(Page::phys);
        let table = SgTable::from_addrs(&self.0.machine, addrs, attach.device().max_segment())?;
        table.map(attach.device())?;
        Ok(Arc::new(table))
    }

    fn vmap(&self, _guard: &mut ResvGuard) -> Result<IosysMap> {
        self.count(|calls| calls.vmap += 1);
        let map = KernelMap::new(self.0.machine.ram(), &self.0.pages)?;
        Ok(if self.0.faults.lock().io_memory {
            IosysMap::Io(map)
        } else {
            IosysMap::System(map)
        })
    }

    fn vunmap(&self, _guard: &mut ResvGuard, map: &IosysMap) {
        self.count(|calls| calls.vunmap += 1);
        map.map().unmap();
    }

    fn begin_cpu_access(&self, _direction: Direction) -> Result {
        self.count(|calls| calls.begin += 1);
        self.0.faults.lock().begin.map_or(Ok(()), Err)
    }

    fn end_cpu_access(&self, _direction: Direction) -> Result {
        self.count(|calls| calls.end += 1);
        self.0.faults.lock().end.map_or(Ok(()), Err)
    }
}

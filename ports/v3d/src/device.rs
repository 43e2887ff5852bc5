//! The device as the driver knows it (`struct v3d_dev`): registers, page table, address space, queues, figures.

use drm_core::device::{Device, WeakDevice};
use drm_core::dma::Entry;
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::machine::{Event, Machine};
use drm_core::memory::{Gfp, Page};
use drm_core::mm::{Mm, Node, Placement};
use drm_core::resv::FenceContext;
use drm_core::sync::{Arc, Mutex, OnceLock, Weak};
use port_kit::mmu::MachineTables;
use port_kit::mmu::v3d::{ENTRIES, LargePages, V3dTable};
use port_kit::sched::{Backend, Job, Scheduler};

use crate::hw::{Hardware, Model};
use crate::job::{Queue, Work};
use crate::regs::{self, hub};
use crate::side::{Bo, Memory};

/// Alignment of GPU addresses in pages: what the unused memory protection unit could tell apart (`GMP_GRANULARITY`).
const ALIGN_PAGES: u64 = (128 << 10) / drm_core::PAGE_SIZE;
/// A job that takes longer hangs.
const JOB_TIMEOUT_NS: u64 = 500_000_000;

/// What debugfs shows of objects (`bo_stats`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BoStats {
    /// Objects that have a place in the GPU's space.
    pub allocated: i64,
    /// Their pages.
    pub pages: i64,
}

/// One queue of jobs (`struct v3d_queue_state`).
pub(crate) struct QueueState {
    pub(crate) scheduler: Arc<Scheduler<Work>>,
    pub(crate) active: Mutex<Option<Arc<Job<Work>>>>,
    pub(crate) fences: FenceContext,
    /// What the job on the hardware signals when it is done.
    pub(crate) irq_fence: Mutex<Option<drm_core::resv::Fence>>,
}

/// The device.
pub struct V3d {
    machine: Machine,
    memory: Arc<dyn Memory>,
    dev: OnceLock<WeakDevice>,
    hw: Hardware,
    ver: u32,
    rev: u32,
    table: Mutex<V3dTable<Arc<MachineTables>>>,
    scratch: Page,
    mm: Mutex<Mm>,
    stats: Mutex<BoStats>,
    queues: Vec<QueueState>,
    large: LargePages,
}

impl std::fmt::Debug for V3d {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("V3d")
            .field("ver", &self.ver)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

impl V3d {
    /// Sets the hardware up (`v3d_platform_drm_probe`). `ENOMEM` without room for the page table or the scratch page.
    pub(crate) fn new(
        machine: &Machine,
        memory: Arc<dyn Memory>,
        model: Model,
        large: LargePages,
    ) -> Result<Arc<Self>> {
        let tables = Arc::new(MachineTables::new(machine, Gfp::KERNEL));
        let hw = Hardware::new(machine, &tables, model);
        let ident1 = hw.read_hub(hub::IDENT1);
        let table = V3dTable::new(tables)?;
        let scratch = Page::alloc(machine.frames(), Gfp::KERNEL)?;
        let v3d = Arc::new_cyclic(|this: &Weak<Self>| Self {
            machine: machine.clone(),
            memory,
            dev: OnceLock::new(),
            ver: (ident1 & 0xf) * 10 + (ident1 >> 4 & 0xf),
            rev: hw.read_hub(hub::IDENT3) >> 8 & 0xff,
            hw,
            table: Mutex::new(table),
            scratch,
            // Page 0 is never used: some units take address 0 for "none".
            mm: Mutex::new(Mm::new(1, ENTRIES - 1)),
            stats: Mutex::default(),
            queues: Queue::ALL
                .iter()
                .map(|_| QueueState {
                    scheduler: Scheduler::new(
                        machine,
                        JOB_TIMEOUT_NS,
                        Weak::clone(this) as Weak<dyn Backend<Work>>,
                    ),
                    active: Mutex::default(),
                    fences: FenceContext::new(),
                    irq_fence: Mutex::default(),
                })
                .collect(),
            large,
        });
        v3d.set_page_table();
        v3d.irq_enable();
        Ok(v3d)
    }

    pub(crate) fn set_device(&self, dev: &Device) {
        let _ = self.dev.set(dev.downgrade());
    }

    /// The DRM device; `None` while it goes away.
    pub(crate) fn dev(&self) -> Option<Device> {
        self.dev.get()?.upgrade()
    }

    /// The machine it is on.
    #[must_use]
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// The memory library that its objects are of.
    #[must_use]
    pub fn memory(&self) -> &Arc<dyn Memory> {
        &self.memory
    }

    /// The hardware.
    #[must_use]
    pub fn hw(&self) -> &Hardware {
        &self.hw
    }

    /// Technology version times ten plus revision: 42, 71.
    #[must_use]
    pub fn ver(&self) -> u32 {
        self.ver
    }

    pub(crate) fn rev(&self) -> u32 {
        self.rev
    }

    pub(crate) fn queue(&self, queue: Queue) -> &QueueState {
        &self.queues[queue as usize]
    }

    pub(crate) fn queues(&self) -> impl Iterator<Item = &QueueState> {
        self.queues.iter()
    }

    /// The object as the driver's own.
    #[must_use]
    pub fn bo<'a>(&self, object: &'a Gem) -> Option<&'a dyn Bo> {
        self.memory.bo(&**object)
    }

    /// Writes a line of the kernel log.
    pub(crate) fn log(&self, line: impl Into<String>) {
        self.machine.trace().record(Event::Log(line.into()));
    }
}

/// The address space: places, entries, flushes.
impl V3d {
    /// A place for `pages` pages: the smallest hole that fits. `ENOSPC`.
    pub fn insert_node(&self, pages: u64) -> Result<Node> {
        let placement = Placement {
            align: self.alignment(pages),
            ..Placement::default()
        };
        self.mm.lock().insert_node(pages, &placement)
    }

    /// Linux 6.12 aligns for the GMP; from 6.13 on, for the large entries that an object may get.
    fn alignment(&self, pages: u64) -> u64 {
        match (self.large, pages) {
            (LargePages::Never, _) => ALIGN_PAGES,
            (LargePages::WhereTheyFit, 256..) => 256,
            (LargePages::WhereTheyFit, 16..) => 16,
            (LargePages::WhereTheyFit, _) => 1,
        }
    }

    /// Gives a place back.
    pub fn remove_node(&self, node: Node) {
        self.mm.lock().remove_node(node);
    }

    /// Writes the entries of a mapped table from page `page` on, and flushes (`v3d_mmu_insert_ptes`). How many.
    ///
    /// A frame number that does not fit an entry is a `BUG` of the kernel: `EFAULT` here, after the oops.
    pub fn insert_ptes(&self, page: u64, entries: &[Entry]) -> Result<u64> {
        let written = self
            .table
            .lock()
            .insert(page, entries.iter().copied(), self.large);
        match written {
            Ok(written) => {
                self.flush_all();
                Ok(written)
            }
            Err(error) => {
                self.machine
                    .oops(format!("kernel BUG at v3d_mmu.c:90: {error}"));
                Err(Errno::EFAULT)
            }
        }
    }

    /// Clears `pages` entries from page `page` on, and flushes (`v3d_mmu_remove_ptes`).
    pub fn remove_ptes(&self, page: u64, pages: u64) {
        self.table.lock().remove(page, pages);
        self.flush_all();
    }

    /// Drops everything that the device has cached of the page table (`v3d_mmu_flush_all`).
    pub fn flush_all(&self) {
        self.hw
            .write_hub(hub::MMUC_CONTROL, regs::MMUC_FLUSH | regs::MMUC_ENABLE);
        let control = self.hw.read_hub(hub::MMU_CTL);
        self.hw
            .write_hub(hub::MMU_CTL, control | regs::MMU_TLB_CLEAR);
    }

    /// Tells the device where page table and scratch page are (`v3d_mmu_set_page_table`).
    pub(crate) fn set_page_table(&self) {
        let base = self.table.lock().root();
        let page = |pa: u64| (pa >> drm_core::PAGE_SHIFT) as u32;
        self.hw.write_hub(hub::MMU_PT_PA_BASE, page(base));
        self.hw.write_hub(hub::MMU_CTL, regs::MMU_CTL_ON);
        let illegal = page(self.scratch.phys()) | regs::ILLEGAL_ADDR_ENABLE;
        self.hw.write_hub(hub::MMU_ILLEGAL_ADDR, illegal);
        self.hw.write_hub(hub::MMUC_CONTROL, regs::MMUC_ENABLE);
        self.flush_all();
    }

    /// Whether the registers name this page table and this scratch page.
    #[must_use]
    pub fn registers_name_tables(&self) -> (bool, bool) {
        let base = u64::from(self.hw.read_hub(hub::MMU_PT_PA_BASE)) << 12;
        let illegal = self.hw.read_hub(hub::MMU_ILLEGAL_ADDR);
        let scratch = u64::from(illegal & !regs::ILLEGAL_ADDR_ENABLE) << 12;
        (
            base == self.table.lock().root(),
            scratch == self.scratch.phys() && illegal & regs::ILLEGAL_ADDR_ENABLE != 0,
        )
    }

    /// Looks at the address space.
    pub fn with_mm<T>(&self, look: impl FnOnce(&mut Mm) -> T) -> T {
        look(&mut self.mm.lock())
    }
}

/// Figures.
impl V3d {
    /// An object of `pages` pages got its place.
    pub fn count_bo(&self, pages: u64) {
        let mut stats = self.stats.lock();
        stats.allocated += 1;
        stats.pages += pages as i64;
    }

    /// It gave it up.
    pub fn uncount_bo(&self, pages: u64) {
        let mut stats = self.stats.lock();
        stats.allocated -= 1;
        stats.pages -= pages as i64;
    }

    /// What debugfs shows.
    #[must_use]
    pub fn stats(&self) -> BoStats {
        *self.stats.lock()
    }
}

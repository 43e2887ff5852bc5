//! The VM of an open file (`struct panfrost_mmu`): VA space, page table, and the hardware space that it holds for now.

use std::any::Any;
use std::collections::BTreeMap;

use drm_core::errno::{Errno, Result};
use drm_core::memory::Gfp;
use drm_core::mm::{Mm, Neighbours, Node, NodeInfo, Placement};
use drm_core::sync::atomic::{AtomicI32, Ordering};
use drm_core::sync::{Arc, Mutex, MutexGuard, Weak};
use port_kit::mmu::MachineTables;
use port_kit::mmu::lpae::{Config, Kind, Lpae};

use crate::device::PanfrostDevice;
use crate::uapi::BO_NOEXEC;

/// Pages in 4 GiB.
const PFN_4G: u64 = 1 << 20;
/// Pages in 16 MiB.
const PFN_16M: u64 = 1 << 12;
/// First page that is handed out: 32 MiB.
const FIRST_PAGE: u64 = 0x2000;

/// Who has a piece of the VA space: the side's mapping (`drm_mm_node_to_panfrost_mapping`).
pub(crate) type Occupant = Weak<dyn Any + Send + Sync>;

/// The VA space of a VM, in pages, and who has each piece.
#[derive(Debug)]
pub(crate) struct VaSpace {
    mm: Mm,
    occupants: BTreeMap<u64, Occupant>,
}

impl VaSpace {
    /// The pieces that are taken, by address.
    pub(crate) fn nodes(&self) -> Vec<(NodeInfo, Occupant)> {
        let found = self.mm.nodes().map(|node| {
            let occupant = self.occupants.get(&node.start).cloned();
            (node, occupant.unwrap_or_else(|| Weak::<()>::new()))
        });
        found.collect()
    }

    /// Who has `page`: a scan from the lowest node, as the driver does it.
    pub(crate) fn occupant_of(&self, page: u64) -> Option<Occupant> {
        let node = self
            .mm
            .nodes()
            .find(|node| node.start <= page && page < node.end())?;
        self.occupants.get(&node.start).cloned()
    }
}

/// `struct panfrost_mmu`. Counted: its file holds one reference, each mapping in it another; the last gives the hardware space
/// back.
pub struct Vm {
    pfdev: Arc<PanfrostDevice>,
    /// `mm_lock`, and what it protects.
    mm: Mutex<VaSpace>,
    table: Mutex<Lpae<MachineTables>>,
    /// The hardware space; negative for none. Changed under `as_lock`.
    as_nr: AtomicI32,
    /// Jobs that use the hardware space.
    as_count: AtomicI32,
}

impl std::fmt::Debug for Vm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vm(as {})", self.as_nr())
    }
}

/// Code must not start or end at a multiple of 4 GiB, nor lie in the last 16 MiB before one (`panfrost_drm_mm_color_adjust`).
fn color_adjust(_: Neighbours, color: u64, start: &mut u64, end: &mut u64) {
    if color & u64::from(BO_NOEXEC) != 0 {
        return;
    }
    if start.is_multiple_of(PFN_4G) {
        *start += 1;
    }
    if end.is_multiple_of(PFN_4G) {
        *end -= 1;
    }
    let next = start.next_multiple_of(PFN_4G);
    if next - *start <= PFN_16M {
        *start = next + 1;
    }
    *end = (*end).min(start.next_multiple_of(PFN_4G) - 1);
}

impl Vm {
    /// `panfrost_mmu_ctx_create`. `EINVAL` when the page-table code refuses, for whatever reason.
    pub(crate) fn create(pfdev: &Arc<PanfrostDevice>) -> Result<Arc<Self>> {
        let mut mm = Mm::new(FIRST_PAGE, PFN_4G - FIRST_PAGE);
        mm.set_color_adjust(Some(color_adjust));
        let config = Config {
            ias: pfdev.features().va_bits(),
            oas: pfdev.features().pa_bits(),
            coherent_walk: pfdev.coherent(),
        };
        let tables = MachineTables::new(pfdev.machine(), Gfp::KERNEL);
        let table = Lpae::new(tables, Kind::Mali, config).map_err(|_| Errno::EINVAL)?;
        Ok(Arc::new(Self {
            pfdev: Arc::clone(pfdev),
            mm: Mutex::new(VaSpace {
                mm,
                occupants: BTreeMap::new(),
            }),
            table: Mutex::new(table),
            as_nr: AtomicI32::new(-1),
            as_count: AtomicI32::new(0),
        }))
    }

    /// The device it is on.
    #[must_use]
    pub fn pfdev(&self) -> &Arc<PanfrostDevice> {
        &self.pfdev
    }

    /// The hardware space that it holds; negative for none.
    #[must_use]
    pub fn as_nr(&self) -> i32 {
        self.as_nr.load(Ordering::SeqCst)
    }

    pub(super) fn set_as_nr(&self, as_nr: i32) {
        self.as_nr.store(as_nr, Ordering::SeqCst);
    }

    /// Jobs that use its hardware space.
    #[must_use]
    pub fn as_count(&self) -> i32 {
        self.as_count.load(Ordering::SeqCst)
    }

    pub(super) fn set_as_count(&self, count: i32) {
        self.as_count.store(count, Ordering::SeqCst);
    }

    pub(super) fn add_as_count(&self, n: i32) -> i32 {
        self.as_count.fetch_add(n, Ordering::SeqCst) + n
    }

    /// TRANSTAB and MEMATTR for its page table.
    #[must_use]
    pub fn registers(&self) -> (u64, u64) {
        let table = self.table();
        (table.transtab(), table.memory_attributes())
    }

    /// The VA space, locked (`mm_lock`).
    pub(crate) fn va_space(&self) -> MutexGuard<'_, VaSpace> {
        self.mm.lock()
    }

    /// The page table, locked.
    pub(crate) fn table(&self) -> MutexGuard<'_, Lpae<MachineTables>> {
        self.table.lock()
    }

    /// Takes `pages` pages of VA for `occupant`, best fit. `ENOSPC` when there is no room.
    pub(crate) fn insert_node(
        &self,
        pages: u64,
        align: u64,
        color: u64,
        occupant: Occupant,
    ) -> Result<Node> {
        let mut space = self.mm.lock();
        let placement = Placement {
            align,
            color,
            ..Placement::default()
        };
        let node = space.mm.insert_node(pages, &placement)?;
        space.occupants.insert(node.start(), occupant);
        Ok(node)
    }

    /// Gives a piece of VA back.
    pub(crate) fn remove_node(&self, node: Node) {
        let mut space = self.mm.lock();
        space.occupants.remove(&node.start());
        space.mm.remove_node(node);
    }
}

/// The last reference is gone (`panfrost_mmu_release_ctx`).
impl Drop for Vm {
    fn drop(&mut self) {
        self.pfdev.as_release(self);
        if !self.mm.lock().mm.is_clean() {
            self.pfdev
                .machine()
                .warn("drm_mm.c: takedown of a space in use");
        }
    }
}

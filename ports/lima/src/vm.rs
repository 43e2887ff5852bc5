//! The address space of an open file: its table, and which addresses are taken (`struct lima_vm`).

use drm_core::dma::Entry;
use drm_core::errno::Result;
use drm_core::machine::Machine;
use drm_core::mm::{Mm, Node, Placement};
use drm_core::sync::{Arc, Mutex};
use port_kit::mmu::MachineTables;
use port_kit::mmu::lima::{Broken, LimaTable};

/// What the lock of the space protects.
#[derive(Debug)]
struct Space {
    mm: Mm,
    table: LimaTable<Arc<MachineTables>>,
}

/// An address space. Counted: the file, every job, and each pipe's current one hold it.
#[derive(Debug)]
pub struct LimaVm {
    machine: Machine,
    space: Mutex<Space>,
}

impl LimaVm {
    /// An empty space of `size` bytes from 0 on; with the page of the load balancer in it on a Mali-450
    /// (`lima_vm_create`). `ENOMEM`.
    pub(crate) fn new(
        tables: &Arc<MachineTables>,
        size: u64,
        dlbu: Option<u64>,
    ) -> Result<Arc<Self>> {
        let table = LimaTable::new(Arc::clone(tables), dlbu)?;
        Ok(Arc::new(Self {
            machine: tables.machine().clone(),
            space: Mutex::new(Space {
                mm: Mm::new(0, size),
                table,
            }),
        }))
    }

    /// Physical address of the directory.
    #[must_use]
    pub fn root(&self) -> u32 {
        self.space.lock().table.root() as u32
    }

    /// Finds room for `bytes`: the smallest hole that fits, no alignment. Address 0 is as good as any. `ENOSPC`.
    pub fn insert_node(&self, bytes: u64) -> Result<Node> {
        let mut space = self.space.lock();
        space.mm.insert_node(bytes, &Placement::default())
    }

    /// Gives the room back.
    pub fn remove_node(&self, node: Node) {
        self.space.lock().mm.remove_node(node);
    }

    /// Maps runs of memory from `va` on (`lima_vm_map_page` in a loop). `ENOMEM` for a block of tables; nothing of this call
    /// is mapped then.
    pub fn map(&self, va: u32, runs: impl IntoIterator<Item = Entry>) -> Result {
        self.space.lock().table.map(va, runs)
    }

    /// Clears the entries of `bytes` bytes from `va` on (`lima_vm_unmap_range`). A block that is not there crashes the kernel,
    /// and a range that ends with the last byte of the space walks on from 0 until it comes to one.
    pub fn unmap(&self, va: u32, bytes: u64) {
        match self.space.lock().table.unmap(va, bytes) {
            Ok(()) => {}
            Err(broken @ Broken::NullBlock { address, .. }) => self.machine.oops(format!(
                "Kernel mode fault at addr {address:#x}: lima_vm_unmap_range: {broken}"
            )),
            Err(Broken::Endless) => self
                .machine
                .oops("soft lockup: lima_vm_unmap_range: the loop wraps and never ends"),
        }
    }

    /// Looks at the addresses that are taken.
    pub fn with_mm<T>(&self, look: impl FnOnce(&Mm) -> T) -> T {
        look(&self.space.lock().mm)
    }

    /// Looks at the table.
    pub fn with_table<T>(&self, look: impl FnOnce(&LimaTable<Arc<MachineTables>>) -> T) -> T {
        look(&self.space.lock().table)
    }
}

//! GPU address spaces (`panthor_mmu.c`): which object is mapped where, in `drm_gpuvm` and in the page table.

mod create;
mod evict;
mod exec;
mod job;
mod op_ctx;
mod pair;
mod pool;
mod slots;
mod tables;

use std::marker::PhantomData;

use drm_core::PAGE_SIZE;
use drm_core::device::Device;
use drm_core::errno::{Errno, Result};
use drm_core::exec::Exec;
use drm_core::gem::Gem;
use drm_core::gpuvm::{GpuVaList, GpuVm, ValidateFn, VmTypes};
use drm_core::mm::{Mm, Mode, Node, Placement};
use drm_core::resv::Resv;
use drm_core::sync::atomic::{AtomicBool, Ordering};
use drm_core::sync::{Arc, Mutex};
use port_kit::mmu::View;
use port_kit::mmu::lpae::LpaeFormat;
use port_kit::mmu::pgsize::SZ_2M;

use crate::bo::BufferObject;
use crate::heap::HeapPool;
use crate::hw::Hw;

pub use self::create::VmRange;
pub(crate) use self::evict::try_clear;
pub(crate) use self::job::BindJob;
use self::job::Entity;
pub(crate) use self::op_ctx::OpCtx;
pub use self::pair::Pair;
pub use self::pool::VmPool;
pub use self::slots::{AsState, Mmu};
pub use self::tables::{Table, TableMem};

/// What the firmware's space is called.
pub(crate) const MCU_VM_NAME: &str = "panthor-MCU-VM";

/// The driver's types for `drm_gpuvm`.
pub struct Types<B>(PhantomData<fn() -> B>);

impl<B: BufferObject> VmTypes for Types<B> {
    type Object = B;
    type VmData = VmData<B>;
    /// The flags it was mapped with (`struct panthor_vma`).
    type VaData = u32;
    type VmBoData = Pair<B>;
    type Exec = Exec;

    fn gpuva_list(object: &B) -> &GpuVaList<Self> {
        object.gpuvas()
    }

    const VM_BO_VALIDATE: Option<ValidateFn<Self>> = Some(evict::validate);
}

/// What the driver keeps with an address space (`struct panthor_vm` without its base).
pub struct VmData<B: BufferObject> {
    dev: Device,
    mmu: Arc<Mmu>,
    /// The page table, under the lock of all operations (`op_lock`).
    table: Mutex<Table>,
    /// Where its pages come from.
    table_mem: TableMem,
    format: LpaeFormat,
    root: u64,
    memattr: u64,
    user_va_range: u64,
    /// Addresses of the kernel's own objects.
    mm: Mutex<Mm>,
    /// First address for them, and last: what is handed to an allocator that takes the end as one past it.
    kernel_auto_va: (u64, u64),
    heaps: Mutex<Option<Arc<HeapPool<B>>>>,
    entity: Mutex<Entity<B>>,
    destroyed: AtomicBool,
    unusable: AtomicBool,
    slot: Arc<AsState>,
    /// What the side keeps.
    space: B::Space,
}

impl<B: BufferObject> VmData<B> {
    /// What the side keeps with the space.
    pub(crate) fn space(&self) -> &B::Space {
        &self.space
    }
}

/// A reference to an address space (`panthor_vm_get`). A clone is one more.
pub struct Vm<B: BufferObject>(GpuVm<Types<B>>);

impl<B: BufferObject> Clone for Vm<B> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<B: BufferObject> Vm<B> {
    /// The space as `drm_gpuvm` sees it.
    #[must_use]
    pub fn gpuvm(&self) -> &GpuVm<Types<B>> {
        &self.0
    }

    fn data(&self) -> &VmData<B> {
        self.0.data()
    }

    /// The device.
    #[must_use]
    pub fn dev(&self) -> &Device {
        &self.data().dev
    }

    /// The GPU.
    #[must_use]
    pub fn hw(&self) -> &Hw {
        self.data().mmu.hw()
    }

    /// The object whose reservation is the space's (`panthor_vm_root_gem`).
    #[must_use]
    pub fn root_gem(&self) -> &Gem {
        self.0.resv_object()
    }

    /// The reservation of the space, and of the objects that are exclusive to it (`panthor_vm_resv`).
    #[must_use]
    pub fn resv(&self) -> &Resv {
        self.0.resv()
    }

    /// The smallest page that it maps, in bytes (`panthor_vm_page_size`).
    #[must_use]
    pub fn page_size(&self) -> u64 {
        PAGE_SIZE
    }

    /// Where the addresses end that user space may use.
    #[must_use]
    pub fn user_va_range(&self) -> u64 {
        self.data().user_va_range
    }

    /// First and last address for the kernel's own objects.
    #[must_use]
    pub fn kernel_auto_va(&self) -> (u64, u64) {
        self.data().kernel_auto_va
    }

    /// Whether it can only be destroyed (`panthor_vm_is_unusable`).
    #[must_use]
    pub fn is_unusable(&self) -> bool {
        self.data().unusable.load(Ordering::SeqCst)
    }

    /// Whether its id is gone.
    #[must_use]
    pub fn is_destroyed(&self) -> bool {
        self.data().destroyed.load(Ordering::SeqCst)
    }

    /// The memory attributes of its slot.
    #[must_use]
    pub fn memattr(&self) -> u64 {
        self.data().memattr
    }

    /// Its slot, if it has one, and what goes with it.
    #[must_use]
    pub fn slot(&self) -> &AsState {
        &self.data().slot
    }

    /// The page table, as a device walks it.
    #[must_use]
    pub fn view(&self) -> View<LpaeFormat, TableMem> {
        let data = self.data();
        View::new(data.format, data.table_mem.clone(), data.root)
    }

    /// The addresses of the kernel's own objects: first, and bytes.
    #[must_use]
    pub fn kernel_nodes(&self) -> Vec<(u64, u64)> {
        let mm = self.data().mm.lock();
        mm.nodes().map(|node| (node.start, node.size)).collect()
    }

    /// The heaps, if there are any (`panthor_vm_get_heap_pool`); `create` makes the pool on first use.
    ///
    /// `ENOENT` without a pool, `EINVAL` for a destroyed space, else errors of the pool's creation.
    pub(crate) fn heap_pool(&self, create: bool) -> Result<Arc<HeapPool<B>>> {
        let mut pool = self.data().heaps.lock();
        match &*pool {
            Some(pool) => Ok(Arc::clone(pool)),
            None if !create => Err(Errno::ENOENT),
            None if self.is_destroyed() => Err(Errno::EINVAL),
            None => {
                let new = HeapPool::new(self)?;
                *pool = Some(Arc::clone(&new));
                Ok(new)
            }
        }
    }

    /// Whether there is a pool of heaps.
    #[must_use]
    pub fn has_heap_pool(&self) -> bool {
        self.data().heaps.lock().is_some()
    }

    /// Addresses for an object of the kernel's: `at`, or any (`panthor_vm_alloc_va`).
    ///
    /// `EINVAL` for what is not whole pages, `ENOSPC`.
    pub(crate) fn alloc_va(&self, at: Option<u64>, size: u64) -> Result<Node> {
        let page = self.page_size();
        if size == 0 || !size.is_multiple_of(page) || !at.unwrap_or(0).is_multiple_of(page) {
            return Err(Errno::EINVAL);
        }
        let data = self.data();
        let mut mm = data.mm.lock();
        if let Some(at) = at {
            return mm.reserve_node(at, size, 0);
        }
        // The last address is passed where the end is expected: the last page of the space is never used.
        let (first, last) = data.kernel_auto_va;
        let align = if size >= SZ_2M { SZ_2M } else { PAGE_SIZE };
        mm.insert_node(
            size,
            &Placement {
                align,
                color: 0,
                range: first..last,
                mode: Mode::Best,
            },
        )
    }

    /// Gives addresses back (`panthor_vm_free_va`).
    pub(crate) fn free_va(&self, node: Node) {
        self.data().mm.lock().remove_node(node);
    }

    /// The object mapped at `va`, and the byte of it there (`panthor_vm_get_bo_for_va`). `ENOENT` where none is.
    pub fn bo_for_va(&self, va: u64) -> Result<(Gem<B>, u64)> {
        let _op_lock = self.data().table.lock();
        let found = self.0.find_first(va, 1).ok_or(Errno::ENOENT)?;
        let object = found.object().ok_or(Errno::ENOENT)?;
        Ok((object, found.offset() + (va - found.addr())))
    }
}

impl<B: BufferObject> Drop for VmData<B> {
    /// The last reference is gone (`panthor_vm_free`).
    fn drop(&mut self) {
        self.mmu.release(&self.slot);
        if !self.mm.lock().is_clean() {
            self.dev
                .machine()
                .warn("drm_mm: memory manager not clean during takedown");
        }
    }
}

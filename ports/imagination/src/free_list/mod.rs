//! Free lists: memory that the parameter manager takes pages from, named by frame number (`pvr_free_list.c`).
//!
//! A list is a buffer object of user space that the driver writes frame numbers into, from the end towards the start. The pages
//! are in blocks that no address space maps. The firmware asks for more when it runs short.

mod grow;
mod requests;

use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::machine::Fail;
use drm_core::memory::KernelMap;
use drm_core::sync::atomic::{AtomicBool, Ordering};
use drm_core::sync::{Arc, Mutex, OnceLock, Weak};

use crate::buffer::PvrGem;
use crate::device::PvrDevice;
use crate::fw::Mapped;
use crate::fwif::{cleanup, freelist, get32, put32, put64};
use crate::hwrt::HwrtData;
use crate::uapi::{BoFlags, CreateFreeList};
use crate::vm::VmContext;
use grow::WriteError;

/// Bytes of an entry: a frame number.
const ENTRY_SIZE: u64 = 4;
/// What the place of a list's entries is rounded down to, in bytes (`ROGUE_BIF_PM_FREELIST_BASE_ADDR_ALIGNSIZE`).
const ALIGN_SIZE: u64 = 16;
/// Counts are multiples of this plus one (`FREE_LIST_ALIGNMENT`).
const ALIGNMENT: u32 = (ALIGN_SIZE / ENTRY_SIZE) as u32 - 1;

/// A block of memory of a list (`struct pvr_free_list_node`).
struct Block<B: PvrGem> {
    num_pages: u32,
    mem_obj: Gem<B>,
}

/// What the lock of a list protects.
struct Inner<B: PvrGem> {
    current_pages: u32,
    ready_pages: u32,
    blocks: Vec<Block<B>>,
    hwrts: Vec<Weak<HwrtData<B>>>,
}

/// How a list stands, as a trace shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreeListInfo {
    /// Number that the firmware knows it by.
    pub fw_id: u32,
    /// Pages that the firmware may use.
    pub current_pages: u32,
    /// Pages held back.
    pub ready_pages: u32,
    /// Pages in all blocks, as they are counted.
    pub block_pages: Vec<u32>,
    /// Pages in all blocks, as they are there.
    pub pages: u64,
}

/// A free list (`struct pvr_free_list`). Counted: a file and datasets hold it.
pub struct FreeList<B: PvrGem> {
    pvr: Arc<PvrDevice<B>>,
    obj: Gem<B>,
    fw: OnceLock<Mapped<B>>,
    fw_id: OnceLock<u32>,
    max_pages: u32,
    grow_pages: u32,
    grow_threshold: u32,
    initial_num_pages: u32,
    gpu_addr: u64,
    inner: Mutex<Inner<B>>,
    /// Whether creation came to its end: only then the last reference releases.
    complete: AtomicBool,
}

/// The rules on counts, in the order in which they are checked (`free_list_create_kernel_structure`).
fn counts_are_valid(args: &CreateFreeList) -> bool {
    let CreateFreeList {
        initial_num_pages: initial,
        max_num_pages: max,
        grow_num_pages: grow,
        ..
    } = *args;
    args.grow_threshold <= 100
        && initial <= max
        && grow <= max
        && max != 0
        && (initial == max) == (grow == 0)
        && (initial | max | grow) & ALIGNMENT == 0
}

impl<B: PvrGem> FreeList<B> {
    /// A new list in a buffer that is mapped in an address space (`pvr_free_list_create`).
    ///
    /// # Errors
    ///
    /// `EINVAL` for counts that do not fit together, for an address where nothing is mapped, for a buffer that is not
    /// protected or that a process may map, for a mapping with less room than `max_num_pages` entries, and for no pages at
    /// all; `ENOMEM`; those of firmware objects. After an error with the first pages, the list's firmware object is not
    /// destroyed: it stays, and points to the list that is gone.
    pub(crate) fn create(
        pvr: &Arc<PvrDevice<B>>,
        vm: Option<Arc<VmContext<B>>>,
        args: &CreateFreeList,
    ) -> Result<Arc<Self>> {
        let machine = pvr.machine();
        machine.failpoints().check(Fail::Alloc)?;
        if !counts_are_valid(args) {
            return Err(Errno::EINVAL);
        }
        let vm = vm.ok_or(Errno::EINVAL)?;
        let found = vm.find_gem_object(args.free_list_gpu_addr);
        let (obj, mapped_size) = found.ok_or(Errno::EINVAL)?;
        if obj.flags().contains(BoFlags::ALLOW_CPU_USERSPACE_ACCESS)
            || !obj.flags().contains(BoFlags::PM_FW_PROTECT)
            || mapped_size < u64::from(args.max_num_pages) * ENTRY_SIZE
        {
            return Err(Errno::EINVAL);
        }
        drop(vm);
        let list = Arc::new(Self {
            pvr: Arc::clone(pvr),
            obj,
            fw: OnceLock::new(),
            fw_id: OnceLock::new(),
            max_pages: args.max_num_pages,
            grow_pages: args.grow_num_pages,
            grow_threshold: args.grow_threshold,
            initial_num_pages: args.initial_num_pages,
            gpu_addr: args.free_list_gpu_addr,
            inner: Mutex::new(Inner {
                current_pages: 0,
                ready_pages: 0,
                blocks: Vec::new(),
                hwrts: Vec::new(),
            }),
            complete: AtomicBool::new(false),
        });
        let id = pvr.free_list_ids.alloc(machine, Arc::downgrade(&list))?;
        list.fw_id.get_or_init(|| id);
        let result = list.create_fw_structure().and_then(|()| {
            list.grow(args.initial_num_pages)
                .map_err(|error| match error {
                    WriteError::Errno(errno) => {
                        if list.cleanup().is_err() {
                            machine
                                .warn("pvr_free_list.c: pvr_fw_structure_cleanup of a failed list");
                        }
                        errno
                    }
                    WriteError::Crash => Errno::EFAULT,
                })
        });
        match result {
            Ok(()) => {
                list.complete.store(true, Ordering::SeqCst);
                Ok(list)
            }
            Err(error) => {
                pvr.free_list_ids.erase(id);
                Err(error)
            }
        }
    }

    /// The struct that the firmware knows the list by (`free_list_create_fw_structure`). It is made anew from the list.
    fn create_fw_structure(self: &Arc<Self>) -> Result {
        let weak = Arc::downgrade(self);
        let machine = self.pvr.machine().clone();
        let init = move |map: &KernelMap| match weak.upgrade() {
            Some(list) => list.fw_init(map),
            None => {
                machine
                    .oops("pvr_free_list.c: free_list_fw_init: free list used after it was freed");
                Err(Errno::EFAULT)
            }
        };
        let uncached = BoFlags::BYPASS_DEVICE_CACHE;
        let mapped =
            self.pvr
                .fw_object_create_and_map(freelist::SIZE, uncached, Some(Box::new(init)))?;
        self.fw.get_or_init(|| mapped);
        Ok(())
    }

    /// `free_list_fw_init`.
    fn fw_init(&self, map: &KernelMap) -> Result {
        let ready = self.ready_pages(self.initial_num_pages);
        let current = self.initial_num_pages.wrapping_sub(ready);
        put32(map, freelist::MAX_PAGES, self.max_pages)?;
        put32(map, freelist::CURRENT_PAGES, current)?;
        put32(map, freelist::GROW_PAGES, self.grow_pages)?;
        put32(map, freelist::READY_PAGES, ready)?;
        put32(map, freelist::FREELIST_ID, self.fw_id())?;
        put32(map, freelist::GROW_PENDING, 0)?;
        put32(map, freelist::CURRENT_STACK_TOP, current.wrapping_sub(1))?;
        put64(map, freelist::FREELIST_DEV_ADDR, self.gpu_addr)?;
        let from = u64::from(self.max_pages.wrapping_sub(current)) * ENTRY_SIZE;
        put64(
            map,
            freelist::CURRENT_DEV_ADDR,
            (self.gpu_addr + from) & !(ALIGN_SIZE - 1),
        )
    }

    fn fw_id(&self) -> u32 {
        self.fw_id.get().copied().unwrap_or(0)
    }

    /// Its address, as the firmware knows it.
    pub(crate) fn fw_addr(&self) -> u32 {
        self.fw.get().map_or(0, Mapped::addr)
    }

    /// Pages that the firmware may use, as the driver counts them; nobody holds the lock.
    pub(crate) fn current_pages(&self) -> u32 {
        self.inner.lock().current_pages
    }

    /// How it stands.
    #[must_use]
    pub fn info(&self) -> FreeListInfo {
        let inner = self.inner.lock();
        FreeListInfo {
            fw_id: self.fw_id(),
            current_pages: inner.current_pages,
            ready_pages: inner.ready_pages,
            block_pages: inner.blocks.iter().map(|block| block.num_pages).collect(),
            pages: inner
                .blocks
                .iter()
                .map(|block| block.mem_obj.gem().pages())
                .sum(),
        }
    }

    /// A render target uses the list (`pvr_free_list_add_hwrt`).
    pub(crate) fn add_hwrt(&self, data: &Arc<HwrtData<B>>) {
        self.inner.lock().hwrts.push(Arc::downgrade(data));
    }

    /// `pvr_free_list_remove_hwrt`.
    pub(crate) fn remove_hwrt(&self, data: &Arc<HwrtData<B>>) {
        let mut inner = self.inner.lock();
        inner
            .hwrts
            .retain(|other| !other.ptr_eq(&Arc::downgrade(data)));
    }

    fn cleanup(&self) -> Result {
        let fw = self.fw.get().ok_or(Errno::EINVAL)?;
        self.pvr
            .fw_structure_cleanup(cleanup::FREELIST, &fw.object, 0)
            .map(|_| ())
    }
}

impl<B: PvrGem> Drop for FreeList<B> {
    /// `pvr_free_list_release`.
    fn drop(&mut self) {
        if !self.complete.load(Ordering::SeqCst) {
            return;
        }
        self.pvr.free_list_ids.erase(self.fw_id());
        let mut result = self.cleanup();
        if result == Err(Errno::EBUSY) {
            self.pvr.fwccb_process();
            result = self.cleanup();
        }
        if result.is_err() {
            self.pvr
                .machine()
                .warn("pvr_free_list.c: pvr_fw_structure_cleanup");
        }
        let inner = std::mem::replace(
            &mut *self.inner.lock(),
            Inner {
                current_pages: 0,
                ready_pages: 0,
                blocks: Vec::new(),
                hwrts: Vec::new(),
            },
        );
        if !inner.hwrts.is_empty() {
            self.pvr
                .machine()
                .warn("pvr_free_list.c: !list_empty(&free_list->hwrt_list)");
        }
        drop(inner);
        if let Some(fw) = self.fw.get() {
            fw.unmap_and_destroy(&self.pvr);
        }
    }
}

/// The struct that the firmware keeps of a list, as a trace shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FwFreeList {
    /// Pages at most.
    pub max_pages: u32,
    /// Pages that may be used.
    pub current_pages: u32,
    /// Pages held back.
    pub ready_pages: u32,
    /// Index of the last entry that may be used.
    pub stack_top: u32,
}

impl<B: PvrGem> FreeList<B> {
    /// What its firmware object holds.
    #[must_use]
    pub fn fw_struct(&self) -> Option<FwFreeList> {
        let map = &self.fw.get()?.map;
        let field = |at| get32(map, at).ok();
        Some(FwFreeList {
            max_pages: field(freelist::MAX_PAGES)?,
            current_pages: field(freelist::CURRENT_PAGES)?,
            ready_pages: field(freelist::READY_PAGES)?,
            stack_top: field(freelist::CURRENT_STACK_TOP)?,
        })
    }
}

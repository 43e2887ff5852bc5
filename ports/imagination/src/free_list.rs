//! Free lists: memory that the parameter manager takes pages from, named by frame number (`pvr_free_list.c`).
//!
//! A list is a buffer object of user space that the driver writes frame numbers into, from the end towards the start. The pages
//! are in blocks that no address space maps. The firmware asks for more when it runs short.

use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::machine::Fail;
use drm_core::memory::KernelMap;
use drm_core::sync::atomic::{AtomicBool, Ordering};
use drm_core::sync::{Arc, Mutex, OnceLock, Weak};
use drm_core::{PAGE_SHIFT, PAGE_SIZE};

use crate::buffer::PvrGem;
use crate::device::PvrDevice;
use crate::fw::Mapped;
use crate::fwif::{self, cleanup, freelist, get32, kccb, put32, put64};
use crate::hwrt::HwrtData;
use crate::uapi::{BoFlags, CreateFreeList};
use crate::vm::VmContext;

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

/// Why frame numbers could not be written.
enum WriteError {
    /// As the kernel answers.
    Errno(Errno),
    /// The kernel wrote where nothing is mapped: it does not go on from there.
    Crash,
}

impl From<Errno> for WriteError {
    fn from(errno: Errno) -> Self {
        Self::Errno(errno)
    }
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
            list.grow(args.initial_num_pages).map_err(|error| match error {
                WriteError::Errno(errno) => {
                    list.cleanup_or_warn("pvr_free_list.c: pvr_fw_structure_cleanup of a failed list");
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
                machine.oops("pvr_free_list.c: free_list_fw_init: free list used after it was freed");
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
            pages: inner.blocks.iter().map(|block| block.mem_obj.gem().pages()).sum(),
        }
    }

    /// Pages to hold back until the next request is answered (`calculate_free_list_ready_pages_locked`); in 32 bits.
    fn ready_pages(&self, pages: u32) -> u32 {
        let wanted = pages.wrapping_mul(self.grow_threshold) / 100;
        wanted.min(self.grow_pages) & !ALIGNMENT
    }

    /// Adds a block of memory (`pvr_free_list_grow`). Its size is worked out in 32 bits. Nothing compares with `max_pages`.
    fn grow(&self, num_pages: u32) -> std::result::Result<(), WriteError> {
        let mut inner = self.inner.lock();
        if num_pages & ALIGNMENT != 0 {
            return Err(Errno::EINVAL.into());
        }
        self.pvr.machine().failpoints().check(Fail::Alloc)?;
        let size = u64::from(num_pages << PAGE_SHIFT);
        let mem_obj = B::create(&self.pvr.drm()?, size, BoFlags::empty())?;
        let block = Block { num_pages, mem_obj };
        if let Err(error) = self.insert_block(&mut inner, &block) {
            if matches!(error, WriteError::Crash) {
                // Whoever crashed gives nothing back.
                std::mem::forget(block);
            }
            return Err(error);
        }
        inner.blocks.push(block);
        inner.ready_pages = self.ready_pages(inner.current_pages);
        inner.current_pages = inner.current_pages.wrapping_sub(inner.ready_pages);
        Ok(())
    }

    /// Writes the frame numbers of a block below those that are there (`pvr_free_list_insert_node_locked`). Where that is is
    /// counted from the start of the buffer object, in 32 bits: from the start of the mapping would be right.
    fn insert_block(
        &self,
        inner: &mut Inner<B>,
        block: &Block<B>,
    ) -> std::result::Result<(), WriteError> {
        let start = self
            .max_pages
            .wrapping_sub(inner.current_pages)
            .wrapping_sub(block.num_pages);
        let offset = (u64::from(start) * ENTRY_SIZE & !(ALIGN_SIZE - 1)) as u32;
        let sgt = block.mem_obj.get_block_sgt().inspect_err(|_| {
            self.pvr.machine().warn("pvr_free_list.c: IS_ERR(sgt)");
        })?;
        self.insert_pages(&sgt, offset, block.num_pages)?;
        inner.current_pages = inner.current_pages.wrapping_add(block.num_pages);
        Ok(())
    }

    /// Writes at most `num_pages` frame numbers of a table (`pvr_free_list_insert_pages_locked`). A store outside of the list's
    /// kernel mapping is a crash.
    fn insert_pages(
        &self,
        sgt: &SgTable,
        offset: u32,
        num_pages: u32,
    ) -> std::result::Result<(), WriteError> {
        let list = self.obj.kernel_map()?;
        let pages = sgt
            .dma_entries()
            .iter()
            .flat_map(|entry| (entry.addr..entry.addr + entry.len).step_by(PAGE_SIZE as usize));
        let first = u64::from(offset) / ENTRY_SIZE;
        for (index, addr) in (first..).zip(pages.take(num_pages as usize)) {
            let frame = addr >> PAGE_SHIFT;
            if frame >> 32 != 0 {
                self.pvr.machine().warn_once("pvr_free_list.c: dma_pfn >> 32");
            }
            if put32(&list, index * ENTRY_SIZE, frame as u32).is_err() {
                self.pvr.machine().oops(format!(
                    "pvr_free_list.c: pvr_free_list_insert_pages_locked: store at byte {:#x} of a list of {:#x}",
                    index * ENTRY_SIZE,
                    list.len()
                ));
                return Err(WriteError::Crash);
            }
        }
        self.obj.kernel_unmap();
        Ok(())
    }

    /// A render target uses the list (`pvr_free_list_add_hwrt`).
    pub(crate) fn add_hwrt(&self, data: &Arc<HwrtData<B>>) {
        self.inner.lock().hwrts.push(Arc::downgrade(data));
    }

    /// `pvr_free_list_remove_hwrt`.
    pub(crate) fn remove_hwrt(&self, data: &Arc<HwrtData<B>>) {
        let mut inner = self.inner.lock();
        inner.hwrts.retain(|other| !other.ptr_eq(&Arc::downgrade(data)));
    }

    /// Writes all frame numbers again (`pvr_free_list_reconstruct`).
    fn reconstruct(&self) -> std::result::Result<(), WriteError> {
        let mut inner = self.inner.lock();
        inner.current_pages = 0;
        let blocks = std::mem::take(&mut inner.blocks);
        let inserted = blocks.iter().try_for_each(|block| {
            match self.insert_block(&mut inner, block) {
                Err(WriteError::Errno(_)) => {
                    self.pvr
                        .machine()
                        .warn("pvr_free_list.c: pvr_free_list_insert_node_locked(free_list_node)");
                    Ok(())
                }
                other => other,
            }
        });
        inner.blocks = blocks;
        inserted?;
        inner.current_pages = inner.current_pages.wrapping_sub(inner.ready_pages);
        if let Some(fw) = self.fw.get() {
            let top = inner.current_pages.wrapping_sub(1);
            put32(&fw.map, freelist::CURRENT_STACK_TOP, top)?;
            put32(&fw.map, freelist::ALLOCATED_PAGE_COUNT, 0)?;
            put32(&fw.map, freelist::ALLOCATED_MMU_PAGE_COUNT, 0)?;
        }
        for data in inner.hwrts.iter().filter_map(Weak::upgrade) {
            data.mark_reset()?;
        }
        Ok(())
    }

    fn cleanup(&self) -> Result {
        let fw = self.fw.get().ok_or(Errno::EINVAL)?;
        self.pvr
            .fw_structure_cleanup(cleanup::FREELIST, &fw.object, 0)
            .map(|_| ())
    }

    fn cleanup_or_warn(&self, site: &'static str) {
        if self.cleanup().is_err() {
            self.pvr.machine().warn(site);
        }
    }
}

impl<B: PvrGem> Drop for FreeList<B> {
    /// `pvr_free_list_release`.
    fn drop(&mut self) {
        if !self.complete.load(Ordering::SeqCst) {
            return;
        }
        self.pvr.free_list_ids.erase(self.fw_id());
        if self.cleanup() == Err(Errno::EBUSY) {
            self.pvr.fwccb_process();
        }
        self.cleanup_or_warn("pvr_free_list.c: pvr_fw_structure_cleanup");
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

impl<B: PvrGem> PvrDevice<B> {
    fn free_list_lookup_id(&self, id: u32) -> Option<Arc<FreeList<B>>> {
        self.free_list_ids.load(id)?.upgrade()
    }

    /// The firmware has used up what was held back, and wants more (`pvr_free_list_process_grow_req`). The answer is how much
    /// there is now; no pages when growing failed.
    pub(crate) fn process_grow_req(&self, id: u32) {
        let Some(list) = self.free_list_lookup_id(id) else {
            self.machine().warn("pvr_free_list.c: !free_list");
            return;
        };
        {
            let mut inner = list.inner.lock();
            inner.current_pages = inner.current_pages.wrapping_add(inner.ready_pages);
            inner.ready_pages = 0;
        }
        let delta = match list.grow(list.grow_pages) {
            Ok(()) => list.grow_pages,
            Err(WriteError::Errno(_)) => 0,
            Err(WriteError::Crash) => {
                // The reference of whoever crashed is never dropped.
                std::mem::forget(list);
                return;
            }
        };
        let info = list.info();
        let new = info.current_pages.wrapping_add(info.ready_pages);
        let answer = [list.fw_addr(), delta, new, info.ready_pages];
        drop(list);
        if self.kccb_send(kccb::FREELIST_GROW_UPDATE, &answer).is_err() {
            self.machine()
                .warn("pvr_free_list.c: pvr_kccb_send_cmd of a grow update");
        }
    }

    /// After a reset, lists are to be as if nothing had been taken from them (`pvr_free_list_process_reconstruct_req`).
    pub(crate) fn process_reconstruct_req(&self, args: &[u32]) {
        let count = args[0].min(fwif::MAX_FREELISTS_TO_RECONSTRUCT);
        if count != args[0] {
            self.log(format!(
                "Requested reconstruction of {} freelists, limiting to {count}",
                args[0]
            ));
        }
        let ids: Vec<u32> = args[2..].iter().copied().take(count as usize).collect();
        for id in &ids {
            if let Some(list) = self.free_list_lookup_id(*id)
                && matches!(list.reconstruct(), Err(WriteError::Crash))
            {
                return;
            }
        }
        let mut answer = vec![count];
        answer.extend(ids);
        let kind = kccb::FREELISTS_RECONSTRUCTION_UPDATE;
        if self.kccb_send(kind, &answer).is_err() {
            self.machine()
                .warn("pvr_free_list.c: pvr_kccb_send_cmd of a reconstruction update");
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

//! Firmware objects: buffer objects in the firmware's heap, with what makes them anew after a reset (`struct pvr_fw_object`).

use drm_core::PAGE_SHIFT;
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::machine::Fail;
use drm_core::memory::KernelMap;
use drm_core::mm::{Mode, Node, Placement};
use drm_core::sync::atomic::{AtomicBool, Ordering};
use drm_core::sync::{Arc, Mutex};

use crate::buffer::PvrGem;
use crate::device::PvrDevice;
use crate::features::Processor;
use crate::heap::FW_HEAP_BASE;
use crate::uapi::BoFlags;

/// Writes the contents of an object, at creation and after each hard reset.
pub(crate) type Init = Box<dyn Fn(&KernelMap) -> Result + Send + Sync>;

/// A firmware object. It lives until [`PvrDevice::fw_object_destroy`]: one that is forgotten stays in the heap, and in the
/// list of what a reset makes anew.
pub struct FwObject<B: PvrGem> {
    gem: Gem<B>,
    node: Mutex<Option<Node>>,
    start: u64,
    addr: u32,
    init: Option<Init>,
    /// The mapping that it was created with still stands.
    mapped: AtomicBool,
}

impl<B: PvrGem> std::fmt::Debug for FwObject<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FwObject({:#x} {:?})", self.addr, self.gem)
    }
}

impl<B: PvrGem> FwObject<B> {
    /// Its buffer object.
    pub(crate) fn gem(&self) -> &Gem<B> {
        &self.gem
    }

    /// Its address, as the firmware knows it (`pvr_fw_object_get_fw_addr`).
    #[must_use]
    pub fn addr(&self) -> u32 {
        self.addr
    }

    /// Where it is in the heap.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.start - FW_HEAP_BASE
    }

    /// Undoes the mapping that it was created with, if that still stands (`pvr_fw_object_vunmap`).
    pub(crate) fn unmap(&self) {
        if self.mapped.swap(false, Ordering::SeqCst) {
            self.gem.kernel_unmap();
        }
    }

    /// Makes its contents anew (`fw_obj->init`).
    pub(crate) fn init(&self, map: &KernelMap) -> Result {
        self.init.as_ref().map_or(Ok(()), |init| init(map))
    }
}

/// A firmware object and its kernel mapping.
pub(crate) struct Mapped<B: PvrGem> {
    pub(crate) object: Arc<FwObject<B>>,
    pub(crate) map: KernelMap,
}

impl<B: PvrGem> Mapped<B> {
    pub(crate) fn addr(&self) -> u32 {
        self.object.addr()
    }

    /// `pvr_fw_object_unmap_and_destroy`.
    pub(crate) fn unmap_and_destroy(&self, pvr: &PvrDevice<B>) {
        self.object.unmap();
        pvr.fw_object_destroy(&self.object);
    }
}

impl<B: PvrGem> PvrDevice<B> {
    /// A new object, contents written, not mapped for the kernel (`pvr_fw_object_create`).
    ///
    /// # Errors
    ///
    /// As [`PvrDevice::fw_object_create_and_map`].
    pub(crate) fn fw_object_create(
        &self,
        size: u64,
        flags: BoFlags,
        init: Option<Init>,
    ) -> Result<Arc<FwObject<B>>> {
        let mapped = self.fw_object_create_and_map(size, flags, init)?;
        mapped.object.unmap();
        Ok(mapped.object)
    }

    /// A new object, mapped for the kernel (`pvr_fw_object_create_and_map`). It is protected, whatever `flags` say.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; `ENOSPC` when the heap is full. When the buffer object cannot be made, the error path of the real driver
    /// follows a null pointer: an oops is recorded, and the answer is `EFAULT`.
    pub(crate) fn fw_object_create_and_map(
        &self,
        size: u64,
        flags: BoFlags,
        init: Option<Init>,
    ) -> Result<Mapped<B>> {
        self.fw_object_create_common(size, flags, None, init)
    }

    /// The same at a fixed place in the heap (`pvr_fw_object_create_and_map_offset`).
    pub(crate) fn fw_object_create_and_map_offset(
        &self,
        offset: u32,
        size: u64,
        flags: BoFlags,
        init: Option<Init>,
    ) -> Result<Mapped<B>> {
        self.fw_object_create_common(size, flags, Some(offset), init)
    }

    fn fw_object_create_common(
        &self,
        size: u64,
        flags: BoFlags,
        offset: Option<u32>,
        init: Option<Init>,
    ) -> Result<Mapped<B>> {
        self.machine().failpoints().check(Fail::Alloc)?;
        let flags = flags | BoFlags::PM_FW_PROTECT;
        let Ok(gem) = B::create(&self.drm()?, size, flags) else {
            // `pvr_fw_object_destroy` asks the object that is not there for its device.
            self.machine()
                .oops("pvr_fw.c: pvr_fw_object_destroy: firmware object without a buffer object");
            return Err(Errno::EFAULT);
        };
        let node = self.fw_map(&gem, offset)?;
        let start = node.start();
        let object = Arc::new(FwObject {
            addr: self.fw_addr(start, flags),
            gem,
            node: Mutex::new(Some(node)),
            start,
            init,
            mapped: AtomicBool::new(true),
        });
        let map = match object.gem.kernel_map() {
            Ok(map) => map,
            Err(error) => {
                self.fw_object_destroy(&object);
                return Err(error);
            }
        };
        object.init(&map)?;
        self.fw.objects.lock().push(Arc::clone(&object));
        Ok(Mapped { object, map })
    }

    /// Finds a place in the heap and maps the object there (`pvr_fw_object_fw_map`).
    fn fw_map(&self, gem: &Gem<B>, offset: Option<u32>) -> Result<Node> {
        let size = gem.gem().size();
        let node = {
            let mut mm = self.fw.mm.lock();
            match offset {
                Some(offset) => mm.reserve_node(FW_HEAP_BASE + u64::from(offset), size, 0)?,
                None => {
                    let placement = Placement {
                        range: FW_HEAP_BASE..FW_HEAP_BASE + u64::from(self.fw.heap.size),
                        mode: Mode::Best,
                        ..Placement::default()
                    };
                    mm.insert_node(size, &placement)?
                }
            }
        };
        match self.fw_vm_map(gem, node.start(), size) {
            Ok(()) => Ok(node),
            Err(error) => {
                self.fw.mm.lock().remove_node(node);
                Err(error)
            }
        }
    }

    fn fw_vm_map(&self, gem: &Gem<B>, start: u64, size: u64) -> Result {
        if self.processor() == Processor::Meta {
            let vm = self.kernel_vm.lock().clone().ok_or(Errno::EINVAL)?;
            return vm.map(gem, 0, start, size);
        }
        let (first, pages) = Self::mips_pages(start, size);
        let uncached = gem.flags().contains(BoFlags::BYPASS_DEVICE_CACHE);
        let result = match &*self.fw.mips.lock() {
            Some(table) => table.map(first, pages, uncached, |page| {
                gem.get_dma_addr(page << PAGE_SHIFT)
            }),
            None => Err(Errno::EINVAL),
        };
        self.flush_request_all();
        if result.is_err() && self.flush_exec(true).is_err() {
            self.machine()
                .warn("pvr_vm_mips.c: pvr_mmu_flush_exec(pvr_dev, true)");
        }
        result
    }

    fn fw_vm_unmap(&self, gem: &Gem<B>, start: u64, size: u64) {
        if self.processor() == Processor::Meta {
            let vm = self.kernel_vm.lock().clone();
            if let Some(vm) = vm {
                let _ignored = vm.unmap_obj(gem, start, size);
            }
            return;
        }
        let (first, pages) = Self::mips_pages(start, size);
        if let Some(table) = &*self.fw.mips.lock() {
            table.unmap(first, pages);
        }
        self.flush_request_all();
        if self.flush_exec(true).is_err() {
            self.machine()
                .warn("pvr_vm_mips.c: pvr_mmu_flush_exec(pvr_dev, true)");
        }
    }

    fn mips_pages(start: u64, size: u64) -> (u32, u32) {
        let first = (start - FW_HEAP_BASE) >> PAGE_SHIFT;
        (first as u32, (size >> PAGE_SHIFT) as u32)
    }

    /// Takes an object out of the list and of the heap, and drops it (`pvr_fw_object_destroy`).
    pub(crate) fn fw_object_destroy(&self, object: &Arc<FwObject<B>>) {
        self.fw
            .objects
            .lock()
            .retain(|other| !Arc::ptr_eq(other, object));
        let node = object.node.lock().take();
        if let Some(node) = node {
            self.fw_vm_unmap(&object.gem, node.start(), node.size());
            self.fw.mm.lock().remove_node(node);
        }
    }

    /// The address that the firmware uses for a place in its heap (`get_fw_addr_with_offset`).
    fn fw_addr(&self, start: u64, flags: BoFlags) -> u32 {
        let offset = (start - FW_HEAP_BASE) as u32;
        match self.processor() {
            Processor::Meta => {
                // META takes cacheability from the address.
                let uncached = flags.contains(BoFlags::BYPASS_DEVICE_CACHE);
                let bits = if uncached { 0xe000_0000 } else { 0 };
                (offset + 0x1000_0000) | bits
            }
            Processor::Mips => (offset & (self.fw.heap.raw_size - 1)) | 0xc000_0000,
        }
    }

    /// Entries of the flat table of a MIPS processor, from the page of a heap offset on.
    pub(crate) fn mips_entries(&self, offset: u64, pages: u32) -> Vec<u32> {
        let first = (offset >> PAGE_SHIFT) as u32;
        match &*self.fw.mips.lock() {
            Some(table) => (first..first + pages)
                .map(|page| table.entry(page))
                .collect(),
            None => Vec::new(),
        }
    }

    /// Firmware objects, by heap offset and bytes, in the order of creation.
    pub(crate) fn fw_objects(&self) -> Vec<Arc<FwObject<B>>> {
        self.fw.objects.lock().clone()
    }
}

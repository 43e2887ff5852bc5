//! Buffer objects of the kernel's own, mapped into one address space for as long as they live (`struct panthor_kernel_bo`).

use drm_core::errno::{Errno, Result};
use drm_core::gem::{Gem, IosysMap};
use drm_core::machine::Fail;
use drm_core::memory::KernelMap;
use drm_core::mm::Node;
use drm_core::sync::Mutex;

use crate::bo::BufferObject;
use crate::mmu::Vm;

/// An object of the kernel's, mapped for the GPU.
///
/// Holding it tells you that the GPU sees it at [`KernelBo::gpuva`]; not that the CPU does.
pub struct KernelBo<B: BufferObject> {
    object: Gem<B>,
    vm: Vm<B>,
    /// `None` once it is given back.
    va: Mutex<Option<Node>>,
    gpuva: u64,
    size: u64,
    /// The CPU's mapping, while there is one.
    kmap: Mutex<Option<IosysMap>>,
}

impl<B: BufferObject> KernelBo<B> {
    /// A new object of `size` bytes in `vm`, at `at` or anywhere (`panthor_kernel_bo_create`).
    ///
    /// Errors of the object's creation, of the addresses, and of the map; nothing is left then.
    pub fn new(
        vm: &Vm<B>,
        size: u64,
        bo_flags: u32,
        map_flags: u32,
        at: Option<u64>,
    ) -> Result<Self> {
        vm.dev().machine().failpoints().check(Fail::Alloc)?;
        let object = B::create_kernel(vm.dev(), vm, size, bo_flags)?;
        let size = size.next_multiple_of(vm.page_size());
        let node = vm.alloc_va(at, size)?;
        let gpuva = node.start();
        if let Err(error) = vm.map_bo_range(&object, 0, size, gpuva, map_flags) {
            vm.free_va(node);
            return Err(error);
        }
        Ok(Self {
            object,
            vm: vm.clone(),
            va: Mutex::new(Some(node)),
            gpuva,
            size,
            kmap: Mutex::default(),
        })
    }

    /// Where the GPU sees it (`panthor_kernel_bo_gpuva`).
    #[must_use]
    pub fn gpuva(&self) -> u64 {
        self.gpuva
    }

    /// Bytes that are mapped (`panthor_kernel_bo_size`).
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The object.
    #[must_use]
    pub fn object(&self) -> &Gem<B> {
        &self.object
    }

    /// Maps it for the CPU, unless it is (`panthor_kernel_bo_vmap`). Errors of the object's vmap.
    pub fn vmap(&self) -> Result<KernelMap> {
        let mut kmap = self.kmap.lock();
        if let Some(map) = &*kmap {
            return Ok(map.map().clone());
        }
        let mut guard = self.object.gem().resv().lock();
        let map = self.object.vmap(&mut guard)?;
        let mapped = map.map().clone();
        *kmap = Some(map);
        Ok(mapped)
    }

    /// Undoes [`KernelBo::vmap`] (`panthor_kernel_bo_vunmap`).
    pub fn vunmap(&self) {
        if let Some(map) = self.kmap.lock().take() {
            let mut guard = self.object.gem().resv().lock();
            self.object.vunmap(&mut guard, &map);
        }
    }

    /// The CPU's mapping. `EFAULT` without one.
    pub fn kmap(&self) -> Result<KernelMap> {
        let kmap = self.kmap.lock();
        kmap.as_ref()
            .map(|map| map.map().clone())
            .ok_or(Errno::EFAULT)
    }
}

impl<B: BufferObject> Drop for KernelBo<B> {
    /// `panthor_kernel_bo_destroy`.
    fn drop(&mut self) {
        self.vunmap();
        // The kernel ignores a failure here, too: the mapping then keeps the object.
        let _unmapped = self.vm.unmap_range(self.gpuva, self.size);
        if let Some(node) = self.va.lock().take() {
            self.vm.free_va(node);
        }
    }
}

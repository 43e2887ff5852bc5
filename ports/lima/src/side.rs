//! What the rest of the port asks of the side that touches a memory library.

use drm_core::device::Device;
use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::gem::{self, Gem};
use drm_core::prime::{self, Attachment, DmaBuf};
use drm_core::sync::Arc;

use crate::vm::LimaVm;

/// A memory library under the driver.
pub trait Memory: Send + Sync {
    /// What it is called in traces.
    fn name(&self) -> &'static str;

    /// A new object with its pages, of a heap the first few (`lima_gem_create_handle`, without the handle). `ENOMEM`,
    /// `ENOSPC`, `EIO`.
    fn create_bo(&self, dev: &Device, size: u64, heap: bool) -> Result<Gem>;

    /// Makes an object of a dma-buf: what `drm_driver` has, a side may have, too.
    fn gem_prime_import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem> {
        prime::import(dev, dma_buf, dev.dma())
    }

    /// Whether [`Memory::gem_prime_import_sg_table`] is there.
    fn has_import_sg_table(&self) -> bool {
        false
    }

    /// An object for an exporter's table. `ENOSPC`, `ENOMEM`.
    fn gem_prime_import_sg_table(
        &self,
        dev: &Device,
        attach: &Arc<Attachment>,
        table: Arc<SgTable>,
    ) -> Result<Gem> {
        let _ = (dev, attach, table);
        Err(Errno::EINVAL)
    }

    /// The object as one of this side.
    fn bo<'a>(&self, object: &'a dyn gem::Object) -> Option<&'a dyn Bo>;
}

/// Where an address space maps an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Users of the mapping in that space: handles, jobs.
    pub users: u32,
    /// The address.
    pub va: u64,
    /// Bytes of address space, all of the object's.
    pub size: u64,
}

/// An object of a side, as jobs and ioctls use it.
pub trait Bo: Send + Sync {
    /// Bytes that are backed of a heap; 0 for what is none.
    fn heap_size(&self) -> u64;

    /// Backs twice as much of a heap, and maps what is new into `vm` (`lima_heap_alloc`). `ENOSPC` for a full one,
    /// `ENOMEM`, `EIO`.
    fn grow_heap(&self, vm: &Arc<LimaVm>) -> Result;

    /// One more user of the mapping in `vm`, which is made if need be and `create` allows it (`lima_vm_bo_add`). `ENOENT`,
    /// `ENOSPC`, `ENOMEM`.
    fn add_to(&self, vm: &Arc<LimaVm>, create: bool) -> Result;

    /// One user less; the last unmaps (`lima_vm_bo_del`).
    fn remove_from(&self, vm: &Arc<LimaVm>);

    /// The mapping in `vm`, if there is one.
    fn mapping(&self, vm: &Arc<LimaVm>) -> Option<Mapping>;

    /// What is backed, copied for an error dump. Errors of the kernel mapping.
    fn dump(&self) -> Result<Vec<u8>>;
}

//! What a memory library or a driver implements for its objects (`struct drm_gem_object_funcs`, `vm_operations_struct`).

use std::any::Any;
use std::fmt;

use super::figures::Status;
use super::header::Header;
use super::reference::Gone;
use crate::device::File;
use crate::dma::SgTable;
use crate::errno::{Errno, Result};
use crate::memory::KernelMap;
use crate::mmap::{NewVma, Vma};
use crate::prime::{self, DmaBuf};
use crate::resv::ResvGuard;

/// Where an object is mapped for the kernel (`struct iosys_map`).
#[derive(Clone, Debug)]
pub enum IosysMap {
    /// System memory.
    System(KernelMap),
    /// Memory of a device; only an exporter of another kind gives it.
    Io(KernelMap),
}

impl IosysMap {
    /// The mapping, whatever it maps.
    #[must_use]
    pub fn map(&self) -> &KernelMap {
        match self {
            Self::System(map) | Self::Io(map) => map,
        }
    }

    /// Whether it is memory of a device.
    #[must_use]
    pub fn is_io(&self) -> bool {
        matches!(self, Self::Io(_))
    }
}

/// A user fault to be handled (`struct vm_fault`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultContext {
    /// Page that faulted, counted from the start of the VMA.
    pub index: u64,
    /// Whether it was a write.
    pub write: bool,
    /// 0 for a page, 9 for a whole 2 MiB entry.
    pub order: u8,
    /// The handler may drop the mmap lock and ask for a retry (`FAULT_FLAG_ALLOW_RETRY`).
    pub allow_retry: bool,
    /// The handler must not wait (`FAULT_FLAG_RETRY_NOWAIT`).
    pub nowait: bool,
}

/// How a fault was handled (`vm_fault_t`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The entry was installed.
    NoPage,
    /// The mmap lock was dropped: fault again.
    Retry,
    /// This order cannot be mapped: try a smaller one.
    Fallback,
    /// There is nothing to map.
    SigBus,
}

/// A GEM object. The operations default to what the core does when a driver leaves them out.
///
/// Reservation guards are of the object's own reservation ([`Header::resv`]).
#[expect(unused_variables, reason = "the defaults need none of their arguments")]
pub trait Object: Any + Send + Sync {
    /// The common part.
    fn gem(&self) -> &Header;

    /// The last reference is gone: release everything (`free`). Called once, without locks.
    fn free(&self, gone: &Gone) {}

    /// A file got a handle (`open`). An error takes the handle back.
    fn open(&self, file: &File) -> Result {
        Ok(())
    }

    /// A file gives a handle up (`close`).
    fn close(&self, file: &File) {}

    /// Prints the driver's lines of the object (`print_info`).
    ///
    /// # Errors
    ///
    /// Those of `out`.
    fn print_info(&self, out: &mut dyn fmt::Write, indent: usize) -> fmt::Result {
        Ok(())
    }

    /// Makes a dma-buf of the object (`export`).
    fn export(&self, writable: bool) -> Result<DmaBuf> {
        prime::export(self.gem(), writable)
    }

    /// Keeps the pages where they are (`pin`); a driver without it has nothing that moves.
    fn pin(&self, guard: &mut ResvGuard) -> Result {
        Ok(())
    }

    /// Undoes one [`Object::pin`] (`unpin`).
    fn unpin(&self, guard: &mut ResvGuard) {}

    /// A fresh table of the pages, not mapped for DMA (`get_sg_table`). `ENOSYS` where a driver has none.
    fn get_sg_table(&self, guard: &mut ResvGuard) -> Result<SgTable> {
        Err(Errno::ENOSYS)
    }

    /// Maps the object for the kernel (`vmap`). `EOPNOTSUPP` where a driver has none.
    fn vmap(&self, guard: &mut ResvGuard) -> Result<IosysMap> {
        Err(Errno::EOPNOTSUPP)
    }

    /// Undoes one [`Object::vmap`] (`vunmap`).
    fn vunmap(&self, guard: &mut ResvGuard, map: &IosysMap) {}

    /// Maps the object for a process (`mmap`). No reservation is held. `EINVAL` where a driver has none.
    fn mmap(&self, vma: &mut NewVma) -> Result {
        Err(Errno::EINVAL)
    }

    /// A process copies or splits its mapping (`vm_ops->open`). The VMA's reference is taken by the core.
    fn vm_open(&self, vma: &Vma) {}

    /// A mapping goes (`vm_ops->close`). The VMA's reference is dropped by the core, afterwards.
    fn vm_close(&self, vma: &Vma) {}

    /// A process touches a page that is not mapped (`vm_ops->fault`, `huge_fault`).
    fn fault(&self, vma: &Vma, fault: FaultContext) -> Fault {
        Fault::SigBus
    }

    /// Moves the object out of RAM (`evict`); the core has checked that no fence is active.
    fn evict(&self, guard: &mut ResvGuard) -> Result {
        Ok(())
    }

    /// Whether it is resident, purgeable (`status`); `None` where a driver has none, and fdinfo says nothing of it.
    fn status(&self) -> Option<Status> {
        None
    }

    /// Bytes resident (`rss`); `None` counts the whole size.
    fn rss(&self) -> Option<u64> {
        None
    }
}

//! Where an object is seen: by the processes that map it, and by the device.

use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::sync::{Arc, Mutex};

use crate::device::{Addressing, AmdxdnaDevice};
use crate::hw::Iova;
use crate::uapi::INVALID_ADDR;
use crate::umap::UserMaps;

enum At {
    Iova(Iova),
    Physical(u64),
}

/// The mappings of an object, and the address that the driver gave it: an IOVA, or where its memory is.
///
/// # Invariants
///
/// An address is there exactly while the object is mapped at it. Whoever has it ends it before the pages go.
pub(crate) struct Place {
    device: Arc<AmdxdnaDevice>,
    maps: Arc<UserMaps>,
    at: Mutex<Option<At>>,
}

impl Place {
    pub(crate) fn new(device: &Arc<AmdxdnaDevice>) -> Self {
        Self {
            device: Arc::clone(device),
            maps: UserMaps::new(device),
            at: Mutex::default(),
        }
    }

    /// Where processes have it mapped.
    pub(crate) fn maps(&self) -> &Arc<UserMaps> {
        &self.maps
    }

    /// Where the device sees the object (`amdxdna_obj_dma_addr`): the address of the process, or what it was mapped at; all ones for
    /// neither.
    pub(crate) fn dma_addr(&self) -> u64 {
        if self.device.is_sva() {
            return self.maps.uva();
        }
        match &*self.at.lock() {
            Some(At::Iova(iova)) => iova.start(),
            Some(At::Physical(addr)) => *addr,
            None => INVALID_ADDR,
        }
    }

    /// Whether the object needs an address and has none.
    pub(crate) fn is_wanted(&self) -> Result<bool> {
        Ok(self.device.addressing()? != Addressing::Sva && self.at.lock().is_none())
    }

    /// Maps `size` bytes of a table (`amdxdna_dma_map_bo`): at an IOVA, or where they are. `ENOSPC`, `ENXIO`; `EINVAL` for memory that is
    /// not in one piece. A failure changes nothing.
    pub(crate) fn map(&self, table: &SgTable, size: u64, align: u64) -> Result {
        let at = if self.device.addressing()? == Addressing::Iova {
            At::Iova(self.device.domain().map(table.entries(), size, align)?)
        } else {
            let first = table.dma_entries().first().ok_or(Errno::EINVAL)?;
            if first.len < size {
                return Err(Errno::EINVAL);
            }
            At::Physical(first.addr)
        };
        *self.at.lock() = Some(at);
        Ok(())
    }

    /// The object dies: nobody watches its mappings any more, and the device does not see it.
    pub(crate) fn end(&self) {
        self.maps.end();
        if let Some(At::Iova(iova)) = self.at.lock().take() {
            self.device.domain().unmap(iova);
        }
    }
}

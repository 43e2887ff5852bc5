//! Where the device sees an object: parts of the driver's own.

use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gone;
use drm_core::sync::{Arc, Mutex};
use gem_uma::Part;

use crate::device::{Addressing, AmdxdnaDevice};
use crate::hw::Iova;
use crate::umap::UserMaps;

enum At {
    Iova(Iova),
    Physical(u64),
}

/// The address that the driver gave an object: an IOVA, or where its memory is.
///
/// # Invariants
///
/// An address is there exactly while the object is mapped at it. It is declared after what the mapped pages come from, so that it goes
/// before they do.
pub(super) struct Place {
    device: Arc<AmdxdnaDevice>,
    at: Mutex<Option<At>>,
}

impl Place {
    pub(super) fn new(device: &Arc<AmdxdnaDevice>) -> Self {
        Self {
            device: Arc::clone(device),
            at: Mutex::default(),
        }
    }

    /// Whether the object needs an address and has none.
    pub(super) fn is_wanted(&self) -> Result<bool> {
        Ok(self.device.addressing()? != Addressing::Sva && self.at.lock().is_none())
    }

    /// Maps `size` bytes of a table. `ENOSPC`, `ENXIO`; `EINVAL` for memory that is not in one piece. A failure changes nothing.
    pub(super) fn map(&self, table: &SgTable, size: u64, align: u64) -> Result {
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

    /// The address, once there is one.
    pub(super) fn addr(&self) -> Option<u64> {
        self.at.lock().as_ref().map(|at| match at {
            At::Iova(iova) => iova.start(),
            At::Physical(addr) => *addr,
        })
    }
}

impl Part for Place {
    fn teardown(&self, _gone: &Gone) {
        if let Some(At::Iova(iova)) = self.at.lock().take() {
            self.device.domain().unmap(iova);
        }
    }
}

/// Where processes have an object mapped, watched until the object dies.
pub(super) struct Tracked(pub(super) Arc<UserMaps>);

impl Part for Tracked {
    fn teardown(&self, _gone: &Gone) {
        self.0.end();
    }
}

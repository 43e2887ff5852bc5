//! Where an object is mapped in a paging domain: a part of the driver's own.

use drm_core::dma::Entry;
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gone;
use drm_core::machine::Machine;
use drm_core::mm::Node;
use drm_core::sync::{Arc, Mutex};
use gem_uma::{New, Part};

use crate::domain::Domain;
use crate::va::VaSpace;

/// The mapping of an object in the domain of the file that created it.
///
/// # Invariants
///
/// A mapping owns what it stands on: the domain and the allocator stay for as long as it does, whether or not the file is open.
/// It is declared after the device map, so that entries go before the pages do.
pub(super) struct DomainMap {
    machine: Machine,
    mapped: Mutex<Option<Mapped>>,
}

struct Mapped {
    va: Arc<VaSpace>,
    domain: Arc<Domain>,
    node: Node,
    len: u64,
}

impl DomainMap {
    pub(super) fn new(new: &New) -> Self {
        Self {
            machine: new.machine().clone(),
            mapped: Mutex::default(),
        }
    }

    /// Takes `size` bytes of addresses and maps `runs` there. `ENOSPC` without addresses; `ENOMEM` for whatever is wrong with the
    /// mapping. A failure changes nothing.
    pub(super) fn map(
        &self,
        va: &Arc<VaSpace>,
        domain: &Arc<Domain>,
        size: u64,
        runs: &[Entry],
    ) -> Result {
        let node = va.insert(size)?;
        let len = match domain.map(node.start(), runs) {
            Ok(len) => len,
            Err(_) => {
                va.remove(node);
                return Err(Errno::ENOMEM);
            }
        };
        *self.mapped.lock() = Some(Mapped {
            va: Arc::clone(va),
            domain: Arc::clone(domain),
            node,
            len,
        });
        Ok(())
    }

    /// Device address and length; 0 before it is mapped.
    pub(super) fn range(&self) -> (u64, u64) {
        let mapped = self.mapped.lock();
        mapped
            .as_ref()
            .map_or((0, 0), |mapped| (mapped.node.start(), mapped.len))
    }
}

impl Part for DomainMap {
    fn teardown(&self, _gone: &Gone) {
        let Some(mapped) = self.mapped.lock().take() else {
            return;
        };
        let unmapped = mapped.domain.unmap(mapped.node.start(), mapped.len);
        if unmapped != mapped.len {
            self.machine.warn("rocket_gem.c:22");
        }
        mapped.va.remove(mapped.node);
    }
}

//! The list of one address space: objects that it alone maps.

use std::fmt;

use drm_core::gem::Lru;
use drm_core::sync::{Arc, Weak};

use super::device::DeviceReclaim;

pub(super) struct Inner {
    pub(super) lru: Lru,
    device: DeviceReclaim,
}

/// Objects that one address space alone maps, and the place of the space among the others.
///
/// Recency is kept per address space, not per object: a space that goes from idle to active moves behind all others
/// ([`VmReclaim::active`]). A clone is the same list.
#[derive(Clone)]
pub struct VmReclaim(pub(super) Arc<Inner>);

pub(super) type WeakVm = Weak<Inner>;

impl fmt::Debug for VmReclaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VmReclaim")
            .field("pages", &self.pages())
            .finish_non_exhaustive()
    }
}

impl VmReclaim {
    /// The list of a new address space, idle and empty.
    #[must_use]
    pub fn new(device: &DeviceReclaim) -> Self {
        Self(Arc::new(Inner {
            lru: device.new_list(),
            device: device.clone(),
        }))
    }

    /// Whether both are the same list.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The address space goes from idle to active: it will be asked for memory last.
    pub fn active(&self) {
        self.0.device.move_vm(self, false);
    }

    /// Pages of the objects in the list.
    #[must_use]
    pub fn pages(&self) -> u64 {
        self.0.lru.pages()
    }
}

//! The driver's objects made of the parts of gem-uma (`ivpu_gem.c`).

mod create;
mod gem;
mod kernel;

use drm_core::gem::{Header, WeakGem};
use drm_core::sync::{Arc, Mutex};

use crate::device::IvpuDevice;

pub(crate) use gem::IvpuBo;

/// What the driver keeps for its objects.
pub(crate) struct Objects {
    /// Every BO (`bo_list` under `bo_list_lock`, which is outside of reservations).
    bo_list: Arc<BoList>,
}

impl Objects {
    pub(crate) fn new(_device: &Arc<IvpuDevice>) -> Arc<Self> {
        Arc::new(Self {
            bo_list: Arc::default(),
        })
    }
}

/// The list of all BOs.
#[derive(Default)]
pub(crate) struct BoList(Mutex<Vec<WeakGem>>);

impl BoList {
    fn add(&self, header: &Header) {
        self.0.lock().extend(header.downgrade());
    }

    fn remove(&self, header: &Header) {
        self.0.lock().retain(|weak| !weak.is_of(header));
    }

    fn all(&self) -> Vec<WeakGem> {
        self.0.lock().clone()
    }
}

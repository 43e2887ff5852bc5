//! The driver's objects made of the parts of gem-uma (`rocket_gem.c`).

mod create;
mod domain_map;
mod gem;

use drm_core::sync::Arc;

use crate::device::RocketDevice;

pub(crate) use gem::RocketObject;

/// The side.
pub(crate) struct Objects;

impl Objects {
    pub(crate) fn new(_device: &Arc<RocketDevice>) -> Arc<Self> {
        Arc::new(Self)
    }
}

//! What the code on the pages of findings stands in: names of the ground floor, and what a driver would have.

pub use std::fmt;

pub use drm_core::device::{self, Device, DumbArgs, File};
pub use drm_core::dma::SgTable;
pub use drm_core::errno::{Errno, Result};
pub use drm_core::gem::{self, Fault, FaultContext, Gem, Gone, Header, IosysMap};
pub use drm_core::machine::ShmemFile;
pub use drm_core::memory::{Gfp, KernelMap};
pub use drm_core::mmap::{NewVma, Vma};
pub use drm_core::prime::Attachment;
pub use drm_core::resv::{Resv, ResvGuard};
pub use drm_core::sync::Arc;
pub use drm_core::sync::atomic::{AtomicBool, Ordering};

/// An address space of the device.
pub struct Vm {
    resv: Resv,
}

impl Vm {
    /// The lock that its objects share.
    pub fn resv(&self) -> &Resv {
        &self.resv
    }

    /// Maps a table somewhere.
    pub fn map(&self, table: &SgTable) -> Result {
        table.is_mapped().then_some(()).ok_or(Errno::EINVAL)
    }
}

/// Says something of an object.
pub fn warn<T: gem::Object>(bo: &T, text: &'static str) {
    bo.gem().machine().warn(text);
}

/// Whether the device sees what the CPU's caches hold.
pub fn coherent(dev: &Device) -> bool {
    dev.dma().config().coherent
}

/// Writes something.
pub fn fill(map: &IosysMap) {
    let _ = map.map().fill(0, 1, 1);
}

//! BOs of the kernel: bound and mapped for as long as they live (`ivpu_bo_create`, `ivpu_bo_free`).

use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;

use super::gem::IvpuBo;
use crate::memory::KernelBo;
use crate::uapi::BO_MAPPABLE;

/// Its only reference, and its mapping for the kernel.
pub(super) struct Kernel {
    bo: Gem<IvpuBo>,
}

impl Kernel {
    /// Errors of the mapping; without `MAPPABLE` there is none.
    pub(super) fn new(bo: Gem<IvpuBo>) -> Result<Self> {
        if bo.flags() & BO_MAPPABLE != 0 {
            let mut guard = bo.gem.resv().lock();
            bo.cmap.vmap(&mut guard, &bo.backing, &bo.dmap)?;
        }
        Ok(Self { bo })
    }
}

impl Drop for Kernel {
    fn drop(&mut self) {
        if self.bo.flags() & BO_MAPPABLE != 0 {
            let mut guard = self.bo.gem.resv().lock();
            self.bo.cmap.vunmap(&mut guard, &self.bo.backing);
        }
    }
}

impl KernelBo for Kernel {
    fn object(&self) -> Gem {
        self.bo.clone().into_dyn()
    }

    fn vpu_addr(&self) -> u64 {
        self.bo.vpu_addr()
    }

    fn read(&self, at: u64, into: &mut [u8]) -> Result {
        let map = self.bo.cmap.kernel_map();
        map.ok_or(Errno::EFAULT)?.read(at, into)
    }

    fn write(&self, at: u64, from: &[u8]) -> Result {
        let map = self.bo.cmap.kernel_map();
        map.ok_or(Errno::EFAULT)?.write(at, from)
    }
}

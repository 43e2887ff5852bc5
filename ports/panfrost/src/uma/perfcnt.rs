//! The buffer of the performance counters (`panfrost_perfcnt.c`): an object without a handle, whose `open` and `close` the driver
//! calls by hand. Nobody says that it is not code, so it is mapped executable, and aligned to its size.

use drm_core::device::File;
use drm_core::errno::{Errno, Result};
use drm_core::gem::{IosysMap, Object as _};
use drm_core::sync::Arc;

use super::gem::PanfrostObject;
use super::mapping::Mapping;
use crate::memory::PerfcntBuffer;
use crate::mmu::Vm;

/// Its mapping, which keeps it alive, and where the kernel sees it.
pub(super) struct Buffer {
    mapping: Arc<Mapping>,
    map: IosysMap,
}

impl Buffer {
    /// Makes it in `file`'s VM. Errors of the base class, of `open`, of `vmap`.
    pub(super) fn new(file: &File, size: u64) -> Result<Self> {
        let bo = gem_uma::create(file.dev(), size, |new| PanfrostObject::new(new, 0))?;
        bo.open(file)?;
        let mapping = bo.mapping_get(file).ok_or_else(|| {
            bo.close(file);
            Errno::EINVAL
        })?;
        let mut guard = bo.gem.resv().lock();
        let mapped = bo.vmap(&mut guard);
        drop(guard);
        match mapped {
            Ok(map) => Ok(Self { mapping, map }),
            Err(error) => {
                bo.close(file);
                Err(error)
            }
        }
    }
}

impl PerfcntBuffer for Buffer {
    fn vm(&self) -> Arc<Vm> {
        Arc::clone(&self.mapping.vm)
    }

    fn va(&self) -> u64 {
        self.mapping.va()
    }

    fn read(&self, into: &mut [u8]) -> Result {
        self.map.map().read(0, into)
    }

    fn release(self: Box<Self>, file: &File) {
        let bo = &self.mapping.object;
        let mut guard = bo.gem.resv().lock();
        bo.vunmap(&mut guard, &self.map);
        drop(guard);
        bo.close(file);
    }
}

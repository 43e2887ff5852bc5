//! The core dump of the first job that timed out (`panfrost_dump.c`), as data.

use drm_core::sync::Arc;

use crate::device::PanfrostDevice;
use crate::job::Job;

/// A BO in a dump.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DumpedBo {
    /// Whether its contents are there; not for a BO without a scatter table, which every heap is.
    pub valid: bool,
    /// VA in the job's VM.
    pub iova: u64,
    /// Physical addresses of its pages.
    pub pages: Vec<u64>,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A dump.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CoreDump {
    /// VA of the job's first descriptor.
    pub jc: u64,
    /// The BOs that the job named.
    pub bos: Vec<DumpedBo>,
}

impl PanfrostDevice {
    /// `panfrost_core_dump`: only of the first job, until somebody takes the dump.
    pub(crate) fn dump_core(&self, job: &Arc<Job>) {
        if self.core_dump.lock().is_some() {
            return;
        }
        let bos: Vec<DumpedBo> = job
            .mappings()
            .iter()
            .map(|mapping| mapping.dump())
            .collect();
        for _ in bos.iter().filter(|bo| !bo.valid) {
            self.log("Panfrost Dump: BO has no sgt, cannot dump".to_owned());
        }
        *self.core_dump.lock() = Some(CoreDump { jc: job.jc(), bos });
    }

    /// The dump, if there is one; the next job that times out is dumped again.
    pub fn take_core_dump(&self) -> Option<CoreDump> {
        self.core_dump.lock().take()
    }
}

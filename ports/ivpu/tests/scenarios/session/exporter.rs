//! An exporter whose table is shorter than its buffer.

use drm_core::dma::SgTable;
use drm_core::errno::Result;
use drm_core::machine::Machine;
use drm_core::memory::{Folio, Gfp};
use drm_core::prime::{Attachment, Direction, DmaBuf, DmaBufOps};
use drm_core::resv::{Resv, ResvGuard};
use drm_core::sync::Arc;

use super::{Buf, Session};

struct Short {
    machine: Machine,
    pages: Vec<Folio>,
}

impl DmaBufOps for Short {
    fn map(
        &self,
        attach: &Attachment,
        _guard: &mut ResvGuard,
        _direction: Direction,
    ) -> Result<Arc<SgTable>> {
        let addrs = self.pages.iter().map(Folio::phys);
        let table = SgTable::from_addrs(&self.machine, addrs, attach.device().max_segment())?;
        table.map(attach.device())?;
        Ok(Arc::new(table))
    }
}

impl Session {
    /// A buffer of `said` pages that has only `there`.
    pub(crate) fn short_buffer(&mut self, said: u64, there: u64) -> Buf {
        let frames = self.machine.frames();
        let pages = (0..there).map(|_| frames.alloc(0, Gfp::KERNEL).expect("there is memory"));
        let ops = Short {
            machine: self.machine.clone(),
            pages: pages.collect(),
        };
        let resv = Resv::new(&self.machine);
        let buffer = DmaBuf::new(&self.machine, said * 4096, &resv, true, Arc::new(ops));
        let buf = self.add_buffer(buffer);
        self.note(
            "a buffer is exported",
            format_args!("{said} pages, {there} of them there, as buffer {}", buf.0),
        );
        buf
    }
}

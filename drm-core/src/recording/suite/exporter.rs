//! An exporter that is no DRM driver, as udmabuf and the system heap are: pages of a file, handed out without GEM.

use crate::device::{Device, Driver};
use crate::dma::{DmaConfig, DmaDevice, SgTable};
use crate::errno::{Errno, Result};
use crate::gem::{self, Fault, FaultContext, Gem, Header, IosysMap};
use crate::machine::Machine;
use crate::memory::{KernelMap, Page};
use crate::mmap::{NewVma, VmFlags, Vma};
use crate::prime::{Attachment, Direction, DmaBuf, DmaBufOps};
use crate::resv::{Resv, ResvGuard};
use crate::sync::Arc;

struct NoDriver;

impl Driver for NoDriver {
    fn name(&self) -> &'static str {
        "none"
    }
}

/// What serves the user mappings; a mapping holds it.
struct Pages {
    header: Header,
    pages: Vec<Page>,
}

impl gem::Object for Pages {
    fn gem(&self) -> &Header {
        &self.header
    }

    fn fault(&self, vma: &Vma, fault: FaultContext) -> Fault {
        let index = vma.pgoff() + fault.index;
        match self.pages.get(index as usize) {
            Some(page) if fault.order == 0 => {
                vma.insert_pfn(fault.index, page.phys());
                Fault::NoPage
            }
            _ => Fault::SigBus,
        }
    }
}

struct Ops {
    exporter: &'static str,
    machine: Machine,
    object: Gem<Pages>,
}

impl DmaBufOps for Ops {
    fn exporter(&self) -> &'static str {
        self.exporter
    }

    fn map(
        &self,
        attach: &Attachment,
        _guard: &mut ResvGuard,
        _direction: Direction,
    ) -> Result<Arc<SgTable>> {
        let pages = &self.object.pages;
        let table = SgTable::from_pages(&self.machine, pages, attach.device().max_segment())?;
        table.map(attach.device())?;
        Ok(Arc::new(table))
    }

    fn vmap(&self, _guard: &mut ResvGuard) -> Result<IosysMap> {
        KernelMap::new(self.machine.ram(), &self.object.pages).map(IosysMap::System)
    }

    fn vunmap(&self, _guard: &mut ResvGuard, map: &IosysMap) {
        map.map().unmap();
    }

    fn mmap(&self, _dma_buf: &DmaBuf, vma: &mut NewVma) -> Result {
        if vma.is_copy_on_write() {
            return Err(Errno::EINVAL);
        }
        vma.set_flags(VmFlags::PFNMAP | VmFlags::DONTEXPAND | VmFlags::DONTDUMP);
        vma.set_object(Some(self.object.clone().into_dyn()));
        Ok(())
    }
}

/// A buffer of `pages`, exported by `exporter`.
pub(super) fn export(machine: &Machine, exporter: &'static str, pages: Vec<Page>) -> DmaBuf {
    let dma = DmaDevice::new(machine, exporter, DmaConfig::default());
    let device = Device::new(dma, Arc::new(NoDriver));
    let size = pages.len() as u64 * crate::PAGE_SIZE;
    let object = Gem::new(Pages {
        header: Header::new_private(&device, size),
        pages,
    });
    let ops = Arc::new(Ops {
        exporter,
        machine: machine.clone(),
        object,
    });
    DmaBuf::new(machine, size, &Resv::new(machine), true, ops)
}

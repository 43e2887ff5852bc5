//! The closed type, and the operations by which the core reaches it.

use std::fmt;

use drm_core::dma::SgTable;
use drm_core::errno::Result;
use drm_core::gem::{self, Fault, FaultContext, Gone, Header, IosysMap};
use drm_core::machine::Machine;
use drm_core::mmap::{NewVma, Vma};
use drm_core::prime::Attachment;
use drm_core::resv::{LockedBy, ResvGuard};
use drm_core::sync::Arc;

use crate::pages::Own;

/// Where the bytes are.
pub(crate) enum Kind {
    /// In a shmem file of its own.
    Own(LockedBy<Own>),
    /// In a foreign buffer; not mapped for any DMA.
    Imported(Arc<Attachment>),
}

/// A buffer for a simple display: it is drawn into by the CPU, and no device reads it in place.
///
/// Made by [`Object::create`], [`Object::dumb_create`] and [`Object::prime_import`] alone; a driver holds it as
/// [`Gem<Object>`](gem::Gem) and cannot put it into a struct of its own.
///
/// # Invariants
///
/// Whether it is imported never changes. An import has no file, no pages and no counts, and is under the exporter's
/// reservation. An own object has all of its pages while its use count is above zero, and none otherwise.
pub struct Object {
    pub(crate) base: Header,
    pub(crate) kind: Kind,
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object")
            .field("base", &self.base)
            .field("imported", &matches!(self.kind, Kind::Imported(_)))
            .finish()
    }
}

impl Object {
    pub(crate) fn machine(&self) -> &Machine {
        self.base.machine()
    }
}

impl gem::Object for Object {
    fn gem(&self) -> &Header {
        &self.base
    }

    fn free(&self, gone: &Gone) {
        match &self.kind {
            Kind::Own(own) => self.release(&mut own.get_gone(gone)),
            Kind::Imported(attach) => drm_core::prime::destroy(attach, None),
        }
    }

    fn print_info(&self, out: &mut dyn fmt::Write, indent: usize) -> fmt::Result {
        match &self.kind {
            Kind::Own(own) => {
                let guard = self.base.resv().lock();
                own.get(&guard).print(out, indent)
            }
            Kind::Imported(_) => Ok(()),
        }
    }

    fn pin(&self, guard: &mut ResvGuard) -> Result {
        self.get_pages(guard)
    }

    fn unpin(&self, guard: &mut ResvGuard) {
        self.put_pages(guard);
    }

    fn get_sg_table(&self, guard: &mut ResvGuard) -> Result<SgTable> {
        self.sg_table(guard)
    }

    fn vmap(&self, guard: &mut ResvGuard) -> Result<IosysMap> {
        self.map_kernel(guard)
    }

    fn vunmap(&self, guard: &mut ResvGuard, _map: &IosysMap) {
        self.unmap_kernel(guard);
    }

    fn mmap(&self, vma: &mut NewVma) -> Result {
        self.map_user(vma)
    }

    fn vm_open(&self, _vma: &Vma) {
        self.user_opened();
    }

    fn vm_close(&self, _vma: &Vma) {
        self.user_closed();
    }

    fn fault(&self, vma: &Vma, fault: FaultContext) -> Fault {
        self.user_fault(vma, fault)
    }
}

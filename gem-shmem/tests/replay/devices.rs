//! The devices of the recorded machine: shmora and vgem on the base class, vkms on the closed type.

use std::fmt;

use drm_core::device::{Device, Driver, DumbArgs, Features, File};
use drm_core::dma::{DmaConfig, DmaDevice, SgTable};
use drm_core::errno::Result;
use drm_core::gem::{self, Fault, FaultContext, Gem, Gone, Header, IosysMap};
use drm_core::machine::Machine;
use drm_core::mmap::{NewVma, Vma};
use drm_core::prime::{Attachment, DmaBuf};
use drm_core::recording::suite::Dev;
use drm_core::resv::ResvGuard;
use drm_core::sync::Arc;
use gem_shmem::legacy::{self, CreateObject, Subclass};

use super::shmora::Shmora;

/// The three devices, by name.
pub(super) fn devices(machine: &Machine) -> [Dev; 3] {
    let device = |name, driver| {
        let dma = DmaDevice::new(machine, name, DmaConfig::default());
        Dev::new(name, &Device::new(dma, driver))
    };
    [
        device("shmora", Arc::new(Shmora)).with_fdinfo(),
        device("vgem", Arc::new(Vgem)),
        device("vkms", Arc::new(Vkms)),
    ]
}

/// vgem: buffers for others. Its hook makes the mappings write-combined, and is all that it has of its own.
struct Vgem;

struct VgemObject {
    base: legacy::Object,
}

impl Subclass for VgemObject {
    fn base(&self) -> &legacy::Object {
        &self.base
    }
}

impl CreateObject for VgemObject {
    fn gem_create_object(_dev: &Device, base: legacy::Object) -> Result<Self> {
        base.map_wc.set(true);
        Ok(Self { base })
    }
}

impl gem::Object for VgemObject {
    fn gem(&self) -> &Header {
        &self.base.base
    }

    fn free(&self, gone: &Gone) {
        legacy::object_free(&self.base, gone);
    }

    fn print_info(&self, out: &mut dyn fmt::Write, indent: usize) -> fmt::Result {
        legacy::object_print_info(&self.base, out, indent)
    }

    fn pin(&self, guard: &mut ResvGuard) -> Result {
        legacy::object_pin(&self.base, guard)
    }

    fn unpin(&self, guard: &mut ResvGuard) {
        legacy::object_unpin(&self.base, guard);
    }

    fn get_sg_table(&self, guard: &mut ResvGuard) -> Result<SgTable> {
        legacy::object_get_sg_table(&self.base, guard)
    }

    fn vmap(&self, guard: &mut ResvGuard) -> Result<IosysMap> {
        legacy::object_vmap(&self.base, guard)
    }

    fn vunmap(&self, guard: &mut ResvGuard, _map: &IosysMap) {
        legacy::object_vunmap(&self.base, guard);
    }

    fn mmap(&self, vma: &mut NewVma) -> Result {
        legacy::object_mmap(&self.base, vma)
    }

    fn vm_open(&self, vma: &Vma) {
        legacy::vm_open(&self.base, vma);
    }

    fn vm_close(&self, vma: &Vma) {
        legacy::vm_close(&self.base, vma);
    }

    fn fault(&self, vma: &Vma, fault: FaultContext) -> Fault {
        legacy::fault(&self.base, vma, fault)
    }
}

impl Driver for Vgem {
    fn name(&self) -> &'static str {
        "vgem"
    }

    fn features(&self) -> Features {
        Features::GEM | Features::RENDER
    }

    fn gem_prime_import_sg_table(
        &self,
        dev: &Device,
        attach: &Arc<Attachment>,
        table: Arc<SgTable>,
    ) -> Result<Gem> {
        legacy::prime_import_sg_table::<VgemObject>(dev, attach, Some(table)).map(Gem::into_dyn)
    }

    fn has_import_sg_table(&self) -> bool {
        true
    }

    fn dumb_create(&self, file: &File, args: &mut DumbArgs) -> Result {
        legacy::dumb_create::<VgemObject>(file, args)
    }
}

/// vkms, as far as its memory goes.
struct Vkms;

impl Driver for Vkms {
    fn name(&self) -> &'static str {
        "vkms"
    }

    fn features(&self) -> Features {
        Features::GEM | Features::MODESET
    }

    fn gem_prime_import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem> {
        gem_shmem::Object::prime_import(dev, dma_buf, Some(dev.dma()))
    }

    fn dumb_create(&self, file: &File, args: &mut DumbArgs) -> Result {
        gem_shmem::Object::dumb_create(file, args)
    }
}

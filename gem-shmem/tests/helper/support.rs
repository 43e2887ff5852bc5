//! Two devices with the helper's own function table, a file of each, and a process.

use drm_core::device::{Device, Driver, DumbArgs, Features, File};
use drm_core::dma::{DmaConfig, DmaDevice, SgTable};
use drm_core::errno::Result;
use drm_core::gem::Gem;
use drm_core::machine::{Config, Event, Fail, Machine};
use drm_core::mmap::{Process, Prot, Sharing};
use drm_core::prime::{Attachment, DmaBuf};
use drm_core::sync::Arc;
use gem_shmem::legacy::{self, Plain, Subclass};

/// Bytes in a page.
pub(crate) const PAGE: u64 = drm_core::PAGE_SIZE;

/// A driver without a hook.
pub(crate) struct PlainDriver;

impl Driver for PlainDriver {
    fn name(&self) -> &'static str {
        "plain"
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
        legacy::prime_import_sg_table::<Plain>(dev, attach, Some(table)).map(Gem::into_dyn)
    }

    fn has_import_sg_table(&self) -> bool {
        true
    }

    fn dumb_create(&self, file: &File, args: &mut DumbArgs) -> Result {
        legacy::dumb_create::<Plain>(file, args)
    }
}

pub(crate) struct Bench {
    pub(crate) machine: Machine,
    pub(crate) dev: Device,
    pub(crate) file: File,
    /// Another device, which imports.
    pub(crate) other: Device,
    pub(crate) other_file: File,
    pub(crate) process: Process,
}

pub(crate) fn device(machine: &Machine, driver: impl Driver, config: DmaConfig) -> Device {
    let dma = DmaDevice::new(machine, driver.name(), config);
    Device::new(dma, Arc::new(driver))
}

pub(crate) fn bench() -> Bench {
    bench_with(Config::default(), DmaConfig::default())
}

pub(crate) fn bench_with(config: Config, dma: DmaConfig) -> Bench {
    let machine = Machine::new(config).expect("the host has memory for the machine");
    let dev = device(&machine, PlainDriver, dma);
    let other = device(&machine, PlainDriver, dma);
    Bench {
        file: dev.open().expect("it opens"),
        other_file: other.open().expect("it opens"),
        process: Process::new(&machine),
        machine,
        dev,
        other,
    }
}

/// What the helper counts: users of the pages, users of the kernel mapping.
pub(crate) fn counts(object: &Gem<Plain>) -> (u32, u32) {
    let fields = object.base().racy();
    (fields.pages_use_count, fields.vmap_use_count)
}

impl Bench {
    /// An own object; one reference, no handle.
    pub(crate) fn object(&self, size: u64) -> Gem<Plain> {
        legacy::create(&self.dev, size).expect("an object can be made")
    }

    /// A handle of the object, in the first file.
    pub(crate) fn handle(&self, object: &Gem<Plain>) -> u32 {
        let created = self.file.handle_create(&object.clone().into_dyn());
        created.expect("a handle can be made")
    }

    /// An exported object: handle and buffer.
    pub(crate) fn exported(&self, size: u64) -> (Gem<Plain>, u32, DmaBuf) {
        let object = self.object(size);
        let handle = self.handle(&object);
        let dma_buf = self.file.export(handle, true).expect("it can be exported");
        (object, handle, dma_buf)
    }

    /// The buffer imported into the other device: handle and object.
    pub(crate) fn imported(&self, dma_buf: &DmaBuf) -> (u32, Gem<Plain>) {
        let handle = self.other_file.import(dma_buf).expect("it can be imported");
        (handle, self.plain(&self.other_file, handle))
    }

    /// The object of a handle.
    pub(crate) fn plain(&self, file: &File, handle: u32) -> Gem<Plain> {
        let found = file.lookup(handle).expect("the handle exists");
        found.downcast().expect("it is a plain object")
    }

    /// Maps the whole object, for reading and writing, shared.
    pub(crate) fn map(&self, object: &Gem<Plain>) -> Result<u64> {
        self.map_as(object, Prot::ReadWrite, Sharing::Shared)
    }

    pub(crate) fn map_as(&self, object: &Gem<Plain>, prot: Prot, sharing: Sharing) -> Result<u64> {
        let header = &object.base().base;
        let offset = header.create_mmap_offset()?;
        let file = if header.dev().is(&self.dev) {
            &self.file
        } else {
            &self.other_file
        };
        self.process
            .mmap(file, header.size(), prot, sharing, offset)
    }

    /// Unmaps what [`Bench::map`] mapped.
    pub(crate) fn unmap(&self, object: &Gem<Plain>, addr: u64) {
        let unmapped = self.process.munmap(addr, object.base().base.size());
        unmapped.expect("what is mapped can be unmapped");
    }

    /// Warnings and crashes since the last call.
    pub(crate) fn marks(&self) -> (usize, usize) {
        let events = self.machine.trace().take();
        let count = |which: fn(&Event) -> bool| events.iter().filter(|event| which(event)).count();
        (
            count(|event| matches!(event, Event::Warning(_))),
            count(|event| matches!(event, Event::Oops(_))),
        )
    }

    /// Nothing was warned of, and nothing crashed, since the last look.
    #[track_caller]
    pub(crate) fn quiet(&self) {
        assert_eq!(self.machine.trace().take(), []);
    }

    /// One warning since the last look, and nothing else.
    #[track_caller]
    pub(crate) fn warned(&self) {
        assert_eq!(self.marks(), (1, 0));
    }

    /// What the kernel crashes at was tried once since the last look.
    #[track_caller]
    pub(crate) fn crashed(&self) {
        assert_eq!(self.marks().1, 1);
    }

    /// The next check of `kind` fails.
    pub(crate) fn fail(&self, kind: Fail) {
        self.machine.failpoints().fail_nth(kind, 1);
    }

    /// Frames handed out.
    pub(crate) fn frames(&self) -> u64 {
        self.machine.frames().stats().used
    }
}

//! All counts return to the baseline, in every order of closing handle, mappings, dma-buf, import, files and devices.

use drm_core::device::{Device, File};
use drm_core::gem::{Gem, IosysMap};
use drm_core::machine::{Config, Machine};
use drm_core::mmap::{Process, Prot, Sharing};
use drm_core::prime::DmaBuf;
use drm_core::sync::Arc;

use crate::library::{LIBRARIES, Library, PAGE, Side, machine};

/// What can be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Handle,
    Mapping,
    DmaBuf,
    ImportMapping,
    KernelMapping,
    Import,
    /// Both files, and what else holds the devices.
    Files,
}

use Step::{DmaBuf as Buffer, Files, Handle, Import, ImportMapping, KernelMapping, Mapping};

const STEPS: [Step; 7] = [
    Handle,
    Mapping,
    Buffer,
    ImportMapping,
    KernelMapping,
    Import,
    Files,
];

/// An object with everything that can be open of it.
struct Open {
    process: Process,
    handle: u32,
    mapping: u64,
    dma_buf: Option<DmaBuf>,
    import: u32,
    import_mapping: u64,
    kernel: Option<(Gem, IosysMap)>,
    files: Option<[File; 2]>,
    devices: Option<[Device; 2]>,
    drivers: [Arc<Library>; 2],
}

impl Open {
    fn new(machine: &Machine, libraries: [Library; 2]) -> Self {
        let drivers = libraries.map(Arc::new);
        let side = |i: usize| Side::with_driver(machine, libraries[i], Arc::clone(&drivers[i]));
        let (one, two) = (side(0), side(1));
        let process = Process::new(machine);
        let (object, handle) = one.object(2);
        let mapping = one.map(&process, &object).expect("it can be mapped");
        process.write(mapping, &[0x5a]).expect("it is mapped");
        let dma_buf = one.file.export(handle, true).expect("it can be exported");
        let import = two.file.import(&dma_buf).expect("it can be imported");
        let imported = two.file.lookup(import).expect("it exists");
        let import_mapping = two.map(&process, &imported).expect("it can be mapped");
        assert_eq!(process.read_byte(import_mapping), Ok(0x5a));
        let map = imported
            .vmap(&mut imported.gem().resv().lock())
            .expect("it can be mapped");
        Self {
            process,
            handle,
            mapping,
            dma_buf: Some(dma_buf),
            import,
            import_mapping,
            kernel: Some((imported, map)),
            files: Some([one.file, two.file]),
            devices: Some([one.dev, two.dev]),
            drivers,
        }
    }

    fn close(&mut self, step: Step) {
        match step {
            Handle => {
                let closed = self
                    .files
                    .as_ref()
                    .map(|files| files[0].handle_delete(self.handle));
                assert_ne!(closed.map(|closed| closed.is_ok()), Some(false));
            }
            Import => {
                let closed = self
                    .files
                    .as_ref()
                    .map(|files| files[1].handle_delete(self.import));
                assert_ne!(closed.map(|closed| closed.is_ok()), Some(false));
            }
            Mapping => self
                .process
                .munmap(self.mapping, 2 * PAGE)
                .expect("it is mapped"),
            ImportMapping => {
                self.process
                    .munmap(self.import_mapping, 2 * PAGE)
                    .expect("it is mapped");
            }
            Buffer => self.dma_buf = None,
            KernelMapping => {
                if let Some((object, map)) = self.kernel.take() {
                    let mut guard = object.gem().resv().lock();
                    object.vunmap(&mut guard, &map);
                }
            }
            Files => {
                self.files = None;
                self.devices = None;
            }
        }
    }

    /// While something is open, the bytes are there.
    fn check(&self, closed: &[Step]) {
        if !closed.contains(&Mapping) {
            assert_eq!(
                self.process.read_byte(self.mapping),
                Ok(0x5a),
                "after {closed:?}"
            );
        }
        if !closed.contains(&ImportMapping) {
            assert_eq!(
                self.process.read_byte(self.import_mapping),
                Ok(0x5a),
                "after {closed:?}"
            );
        }
        if let Some((_, map)) = &self.kernel {
            let mut byte = [0];
            assert_eq!(
                map.map().read(0, &mut byte).map(|()| byte),
                Ok([0x5a]),
                "after {closed:?}"
            );
        }
    }
}

/// Nothing is left of what was open.
fn assert_baseline(machine: &Machine, drivers: &[Arc<Library>; 2], order: &[Step]) {
    let counters = machine.counters();
    assert_eq!(machine.frames().stats().used, 0, "frames after {order:?}");
    assert_eq!(
        counters.dma_mapped.get(),
        counters.dma_unmapped.get(),
        "DMA after {order:?}"
    );
    assert_eq!(
        counters.vmaps.get(),
        counters.vunmaps.get(),
        "vmaps after {order:?}"
    );
    assert_eq!(machine.bufinfo(), [], "dma-bufs after {order:?}");
    assert_eq!(machine.trace().take(), [], "log after {order:?}");
    let devices = drivers.each_ref().map(Arc::strong_count);
    assert_eq!(devices, [1, 1], "devices after {order:?}");
}

/// Every order of `steps`.
fn for_each_order(steps: &mut [Step], at: usize, visit: &mut impl FnMut(&[Step])) {
    if at == steps.len() {
        return visit(steps);
    }
    for i in at..steps.len() {
        steps.swap(at, i);
        for_each_order(steps, at + 1, visit);
        steps.swap(at, i);
    }
}

fn every_order(libraries: [Library; 2]) {
    let machine = machine(Config {
        ram: 1 << 20,
        ..Config::default()
    });
    let mut orders = 0;
    for_each_order(&mut STEPS.clone(), 0, &mut |order| {
        orders += 1;
        let mut open = Open::new(&machine, libraries);
        for (i, step) in (1..).zip(order) {
            open.close(*step);
            open.check(&order[..i]);
        }
        let drivers = open.drivers.clone();
        drop(open);
        let shared = drivers
            .each_ref()
            .map(|driver| Arc::strong_count(driver) - 1);
        assert_eq!(shared, [0, 0], "devices after {order:?}");
        assert_baseline(&machine, &drivers, order);
    });
    assert_eq!(orders, 5_040);
}

#[test]
fn everything_of_the_base_class_goes_in_every_order() {
    every_order([Library::Legacy, Library::Legacy]);
}

#[test]
fn everything_of_the_closed_type_goes_in_every_order() {
    every_order([Library::Closed, Library::Closed]);
}

#[test]
fn everything_shared_between_the_libraries_goes_in_every_order() {
    every_order([Library::Legacy, Library::Closed]);
}

#[test]
fn processes_that_end_take_everything_with_them() {
    for library in LIBRARIES {
        let machine = machine(Config {
            ram: 1 << 20,
            ..Config::default()
        });
        let mut open = Open::new(&machine, [library, library]);
        open.close(KernelMapping);
        let drivers = open.drivers.clone();
        let child = open.process.fork();
        drop(open);
        assert_eq!(machine.frames().stats().used, 2, "the child's mappings");
        drop(child);
        assert_baseline(&machine, &drivers, &[KernelMapping]);
    }
}

#[test]
fn an_unplugged_device_lets_everything_go() {
    for library in LIBRARIES {
        let machine = machine(Config {
            ram: 1 << 20,
            ..Config::default()
        });
        let mut open = Open::new(&machine, [library, library]);
        open.devices.iter().flatten().for_each(Device::unplug);
        for step in STEPS {
            open.close(step);
        }
        let drivers = open.drivers.clone();
        drop(open);
        assert_baseline(&machine, &drivers, &STEPS);
    }
}

#[test]
fn double_closes_are_refused_and_change_nothing() {
    for library in LIBRARIES {
        let machine = machine(Config {
            ram: 1 << 20,
            ..Config::default()
        });
        let mut open = Open::new(&machine, [library, library]);
        open.close(Handle);
        open.close(Import);
        let files = open.files.as_ref().expect("they are open");
        assert!(files[0].handle_delete(open.handle).is_err());
        assert!(files[1].handle_delete(open.import).is_err());
        open.check(&[Handle, Import]);
        open.process
            .munmap(open.mapping, 2 * PAGE)
            .expect("it is mapped");
        open.process
            .munmap(open.mapping, 2 * PAGE)
            .expect("munmap of nothing is no error");
        open.check(&[Handle, Import, Mapping]);
        let offset = 0x10_0000 * PAGE;
        let (prot, sharing) = (Prot::ReadWrite, Sharing::Shared);
        assert!(
            open.process
                .mmap(&files[0], PAGE, prot, sharing, offset)
                .is_err()
        );
    }
}

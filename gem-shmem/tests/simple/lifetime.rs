//! Whatever is closed first, everything is gone at the end.

use drm_core::PAGE_SIZE;
use drm_core::device::{Device, File};
use drm_core::errno::Result;
use drm_core::gem::Gem;
use drm_core::machine::{Config, Machine};
use drm_core::mmap::{Process, Prot, Sharing};
use drm_core::prime::DmaBuf;
use gem_shmem::{Object, Vmap};

use crate::support::{device_on, machine, warnings};

const SIZE: u64 = 2 * PAGE_SIZE;

/// Everything that can hold a buffer, each to be closed on its own.
struct Holders {
    exporter: Device,
    importer: Device,
    object: Option<Gem<Object>>,
    handle: Option<(File, u32)>,
    mapping: Option<Process>,
    vmap: Option<Vmap>,
    dma_buf: Option<DmaBuf>,
    import: Option<File>,
    import_vmap: Option<Vmap>,
}

const KINDS: usize = 7;

impl Holders {
    fn new() -> Result<Self> {
        // Small, because one is built for each order.
        let machine = Machine::new(Config {
            ram: 1 << 20,
            swap: 0,
            ..Config::default()
        })?;
        let (exporter, importer) = (device_on(&machine), device_on(&machine));
        let object = Object::create(&exporter, SIZE)?;
        let file = exporter.open()?;
        let handle = file.handle_create(&object.clone().into_dyn())?;
        let process = Process::new(&machine);
        let offset = file.dumb_map_offset(handle)?;
        process.mmap(&file, SIZE, Prot::ReadWrite, Sharing::Shared, offset)?;
        let dma_buf = file.export(handle, true)?;
        let import = importer.open()?;
        let imported = import.import(&dma_buf)?;
        let imported = import.lookup(imported).and_then(|object| object.downcast());
        let imported: Gem<Object> = imported.expect("an object of this library");
        Ok(Self {
            vmap: Some(Vmap::new(&object)?),
            import_vmap: Some(Vmap::new(&imported)?),
            object: Some(object),
            handle: Some((file, handle)),
            mapping: Some(process),
            dma_buf: Some(dma_buf),
            import: Some(import),
            exporter,
            importer,
        })
    }

    fn close(&mut self, kind: usize) {
        match kind {
            0 => drop(self.object.take()),
            1 => {
                if let Some((file, handle)) = self.handle.take() {
                    file.handle_delete(handle).expect("closed once");
                }
            }
            2 => drop(self.mapping.take()),
            3 => drop(self.vmap.take()),
            4 => drop(self.dma_buf.take()),
            5 => drop(self.import.take()),
            _ => drop(self.import_vmap.take()),
        }
    }
}

/// Calls `visit` with every order of `0..KINDS` (Heap's algorithm).
fn every_order(visit: &mut impl FnMut(&[usize])) {
    fn permute(n: usize, order: &mut [usize; KINDS], visit: &mut impl FnMut(&[usize])) {
        if n == 1 {
            return visit(order);
        }
        for i in 0..n {
            permute(n - 1, order, visit);
            order.swap(if n.is_multiple_of(2) { i } else { 0 }, n - 1);
        }
    }
    permute(KINDS, &mut std::array::from_fn(|i| i), visit);
}

#[test]
fn everything_is_gone_in_every_order_of_closing() {
    let mut orders = 0;
    every_order(&mut |order| {
        orders += 1;
        let mut holders = Holders::new().expect("a buffer that everything holds");
        let machine = holders.exporter.machine().clone();
        for &kind in order {
            assert_ne!(holders.exporter.object_count(), 0, "{order:?}");
            holders.close(kind);
        }
        let left = (
            holders.exporter.object_count(),
            holders.importer.object_count(),
            holders.exporter.file_count(),
            machine.frames().stats().used,
        );
        assert_eq!(left, (0, 0, 0, 0), "{order:?}");
        assert!(warnings(&holders.exporter).is_empty(), "{order:?}");
    });
    assert_eq!(orders, 5040);
}

#[test]
fn a_guard_outlives_every_handle() -> Result {
    let dev = device_on(&machine());
    let object = Object::create(&dev, SIZE)?;
    let vmap = Vmap::new(&object)?;
    drop(object);
    vmap.write(0, b"still here")?;
    assert_eq!(dev.object_count(), 1);
    drop(vmap);
    assert_eq!(dev.object_count(), 0);
    assert!(warnings(&dev).is_empty());
    Ok(())
}

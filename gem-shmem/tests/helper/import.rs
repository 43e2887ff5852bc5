//! `drm_gem_shmem_prime_import_sg_table`, and what becomes of an import.

use drm_core::dma::{DmaConfig, DmaDevice, SgTable};
use drm_core::errno::{Errno, Result};
use drm_core::gem::IosysMap;
use drm_core::machine::{Fail, Machine};
use drm_core::memory::{Gfp, KernelMap, Page};
use drm_core::prime::{Attachment, Direction, DmaBuf, DmaBufOps};
use drm_core::resv::{Resv, ResvGuard};
use drm_core::sync::Arc;
use drm_core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use gem_shmem::legacy::{self, Plain, Subclass};

use crate::support::{PAGE, bench, counts, device};

/// An exporter that is no GEM driver.
struct Ops {
    machine: Machine,
    pages: Vec<Page>,
    io: AtomicBool,
    vmaps: AtomicUsize,
    attached: AtomicUsize,
}

impl DmaBufOps for Ops {
    fn attach(&self, _attach: &Attachment) -> Result {
        self.attached.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn detach(&self, _attach: &Attachment) {
        self.attached.fetch_sub(1, Ordering::SeqCst);
    }

    fn map(&self, attach: &Attachment, _: &mut ResvGuard, _: Direction) -> Result<Arc<SgTable>> {
        let limit = attach.device().max_segment();
        let table = SgTable::from_pages(&self.machine, &self.pages, limit)?;
        table.map(attach.device())?;
        Ok(Arc::new(table))
    }

    fn vmap(&self, _guard: &mut ResvGuard) -> Result<IosysMap> {
        self.vmaps.fetch_add(1, Ordering::SeqCst);
        let map = KernelMap::new(self.machine.ram(), &self.pages)?;
        if self.io.load(Ordering::SeqCst) {
            return Ok(IosysMap::Io(map));
        }
        Ok(IosysMap::System(map))
    }

    fn vunmap(&self, _guard: &mut ResvGuard, map: &IosysMap) {
        self.vmaps.fetch_sub(1, Ordering::SeqCst);
        map.map().unmap();
    }
}

/// A foreign buffer.
pub(crate) struct Foreign {
    pub(crate) dma_buf: DmaBuf,
    ops: Arc<Ops>,
}

impl Foreign {
    /// From now on kernel mappings are of device memory.
    pub(crate) fn gives_io(&self) {
        self.ops.io.store(true, Ordering::SeqCst);
    }

    /// Kernel mappings that stand.
    pub(crate) fn vmaps(&self) -> usize {
        self.ops.vmaps.load(Ordering::SeqCst)
    }

    fn attached(&self) -> usize {
        self.ops.attached.load(Ordering::SeqCst)
    }
}

pub(crate) fn foreign(machine: &Machine, pages: usize) -> Foreign {
    let page = |_| Page::alloc(machine.frames(), Gfp::KERNEL).expect("there is memory");
    let ops = Arc::new(Ops {
        machine: machine.clone(),
        pages: (0..pages).map(page).collect(),
        io: AtomicBool::new(false),
        vmaps: AtomicUsize::new(0),
        attached: AtomicUsize::new(0),
    });
    let size = pages as u64 * PAGE;
    let dma_buf = DmaBuf::new(machine, size, &Resv::new(machine), true, ops.clone());
    Foreign { dma_buf, ops }
}

#[test]
fn the_object_of_a_table_has_no_file_and_does_not_know_that_it_is_an_import() {
    let bench = bench();
    let exporter = foreign(&bench.machine, 3);
    let attach = exporter
        .dma_buf
        .attach(bench.dev.dma())
        .expect("it attaches");
    let table = attach
        .map_unlocked(Direction::Bidirectional)
        .expect("it maps");
    let object =
        legacy::prime_import_sg_table::<Plain>(&bench.dev, &attach, Some(Arc::clone(&table)))
            .expect("it can be made");
    let base = object.base();
    assert_eq!(base.base.size(), 3 * PAGE);
    assert!(base.base.filp().is_none());
    assert!(
        base.racy()
            .sgt
            .as_ref()
            .is_some_and(|stored| Arc::ptr_eq(stored, &table))
    );
    assert!(!base.base.is_imported());
    assert!(!base.base.resv().is(exporter.dma_buf.resv()));
    drop(object);
    assert!(
        !table.is_mapped(),
        "as an own object it unmapped the table itself"
    );
    attach.detach();
    bench.quiet();
}

#[test]
fn a_table_may_be_missing() {
    let bench = bench();
    let exporter = foreign(&bench.machine, 1);
    let attach = exporter
        .dma_buf
        .attach(bench.dev.dma())
        .expect("it attaches");
    let object = legacy::prime_import_sg_table::<Plain>(&bench.dev, &attach, None);
    assert!(object.expect("it can be made").base().racy().sgt.is_none());
    attach.detach();
    bench.quiet();
}

#[test]
fn an_import_knows_attachment_and_reservation_once_the_core_is_done() {
    let bench = bench();
    let exporter = foreign(&bench.machine, 2);
    let (handle, import) = bench.imported(&exporter.dma_buf);
    let header = &import.base().base;
    assert!(header.is_imported() && header.has_dma_buf());
    assert!(header.resv().is(exporter.dma_buf.resv()));
    assert_eq!(
        (header.size(), header.handle_count(), exporter.attached()),
        (2 * PAGE, 1, 1)
    );
    assert!(header.filp().is_none() && import.base().racy().pages.is_none());
    drop(import);
    bench
        .other_file
        .handle_delete(handle)
        .expect("the handle exists");
    assert_eq!((bench.other.object_count(), exporter.attached()), (0, 0));
    assert_eq!(exporter.dma_buf.refs(), 1);
    bench.quiet();
}

#[test]
fn every_failure_of_an_import_detaches() {
    let bench = bench();
    let exporter = foreign(&bench.machine, 2);
    let mut failures = 0;
    for nth in 1.. {
        bench.machine.failpoints().fail_any_nth(nth);
        let imported = bench.other_file.import(&exporter.dma_buf);
        let fired = bench.machine.failpoints().disarm();
        if !fired {
            let handle = imported.expect("nothing failed");
            bench
                .other_file
                .handle_delete(handle)
                .expect("the handle exists");
            break;
        }
        failures += 1;
        assert!(imported.is_err(), "failure {nth} went unnoticed");
        assert_eq!(
            (exporter.attached(), exporter.dma_buf.refs()),
            (0, 1),
            "failure {nth}"
        );
        assert_eq!(bench.other.object_count(), 0, "failure {nth}");
    }
    assert!(failures >= 3, "table, mapping, handle: {failures}");
    let counters = bench.machine.counters();
    assert_eq!(counters.dma_mapped.get(), counters.dma_unmapped.get());
    bench.quiet();
}

#[test]
fn import_into_the_own_device_is_the_same_object() {
    let bench = bench();
    let (object, handle, dma_buf) = bench.exported(PAGE);
    assert_eq!(
        bench.file.import(&dma_buf),
        Ok(handle),
        "the same file: the same handle"
    );
    let second = bench.dev.open().expect("it opens");
    let there = second.import(&dma_buf).expect("it can be imported");
    assert!(bench.plain(&second, there).is(&object));
    assert_eq!(object.base().base.handle_count(), 2);
    assert!(!object.base().base.is_imported());
    assert_eq!(counts(&object), (0, 0), "nobody attached");
    bench.quiet();
}

#[test]
fn two_files_that_import_a_foreign_buffer_get_two_objects() {
    let bench = bench();
    let exporter = foreign(&bench.machine, 1);
    let second = bench.other.open().expect("it opens");
    let (_, one) = bench.imported(&exporter.dma_buf);
    let handle = second
        .import(&exporter.dma_buf)
        .expect("it can be imported");
    let two = bench.plain(&second, handle);
    assert!(!one.is(&two));
    assert_eq!(exporter.attached(), 2);
}

#[test]
fn an_import_needs_a_driver_that_takes_tables() {
    struct Without;
    impl drm_core::device::Driver for Without {
        fn name(&self) -> &'static str {
            "without"
        }
    }
    let bench = bench();
    let exporter = foreign(&bench.machine, 1);
    let dev = device(&bench.machine, Without, DmaConfig::default());
    let file = dev.open().expect("it opens");
    assert_eq!(file.import(&exporter.dma_buf), Err(Errno::EINVAL));
    assert_eq!(exporter.attached(), 0);
}

#[test]
fn an_attachment_holds_the_pages_and_a_mapping_does_not() {
    let bench = bench();
    let (object, _, dma_buf) = bench.exported(2 * PAGE);
    let device = DmaDevice::new(&bench.machine, "third", DmaConfig::default());
    let attach = dma_buf.attach(&device).expect("it attaches");
    assert_eq!(counts(&object), (1, 0));
    let table = attach
        .map_unlocked(Direction::Bidirectional)
        .expect("it maps");
    assert_eq!(counts(&object), (1, 0));
    let again = attach
        .map_unlocked(Direction::ToDevice)
        .expect("both ways covers one");
    assert!(Arc::ptr_eq(&table, &again), "the first mapping is kept");
    attach.unmap_unlocked(&table);
    assert!(table.is_mapped(), "until the device detaches");
    attach.detach();
    assert!(!table.is_mapped());
    assert_eq!(counts(&object), (0, 0));
    bench.quiet();
}

#[test]
fn a_mapping_of_another_direction_is_busy() {
    let bench = bench();
    let (_object, _, dma_buf) = bench.exported(PAGE);
    let attach = dma_buf.attach(bench.other.dma()).expect("it attaches");
    attach.map_unlocked(Direction::ToDevice).expect("it maps");
    let other = attach.map_unlocked(Direction::FromDevice);
    assert_eq!(other.err(), Some(Errno::EBUSY));
    attach.detach();
}

#[test]
fn a_failed_attachment_leaves_no_use_behind() {
    let bench = bench();
    let (object, _, dma_buf) = bench.exported(PAGE);
    bench.fail(Fail::PageAlloc);
    let attached = dma_buf.attach(bench.other.dma());
    assert_eq!(attached.err(), Some(Errno::ENOMEM));
    assert_eq!(counts(&object), (0, 0));
    assert_eq!(bench.machine.bufinfo()[0].attached, Vec::<String>::new());
}

//! The cases, over what a library offers. Nothing here knows a library: another crate can include this file and run them.

use drm_core::PAGE_SIZE;
use drm_core::device::{Device, Driver};
use drm_core::dma::{DmaConfig, DmaDevice, Entry, SgTable};
use drm_core::errno::Result;
use drm_core::gem::{Gem, Object};
use drm_core::machine::{Config, Machine};
use drm_core::memory::{Gfp, Page};
use drm_core::prime::{Attachment, Direction, DmaBuf, DmaBufOps};
use drm_core::resv::{Resv, ResvGuard};
use drm_core::sync::Arc;

/// Bytes of the object.
pub(crate) const SIZE: u64 = 1 << 20;
/// What it is filled with.
const PATTERN: u8 = 0xae;

/// A library, as far as the cases need it. Pinning, kernel mappings and tables for others are operations of every object.
pub(crate) trait Library {
    /// Its object.
    type Object: Object;

    /// Whether pages stay with the object when their last user goes.
    const KEEPS_PAGES: bool = false;

    /// A new object of `size` bytes.
    fn create(dev: &Device, size: u64) -> Result<Gem<Self::Object>>;

    /// An object of a foreign buffer; `table` where the library imports tables.
    fn import(
        dev: &Device,
        attach: &Arc<Attachment>,
        table: &Arc<SgTable>,
    ) -> Result<Gem<Self::Object>>;

    /// Users of the pages, where the library counts them.
    fn uses(object: &Self::Object) -> Option<u32>;

    /// Pages that the object has now.
    fn pages(object: &Self::Object) -> usize;

    /// Users of the kernel mapping.
    fn vmaps(object: &Self::Object) -> u32;

    /// The table that the object keeps: its runs in bus addresses.
    fn table(object: &Self::Object) -> Option<Vec<Entry>>;
}

struct NoDriver;

impl Driver for NoDriver {
    fn name(&self) -> &'static str {
        "kunit"
    }
}

/// A fake parent device that reaches everything, and a DRM device without hooks.
pub(crate) fn fixture() -> (Machine, Device) {
    let machine = Machine::new(Config::default()).expect("the host has memory for the machine");
    let dma = DmaConfig {
        mask: u64::MAX,
        ..DmaConfig::default()
    };
    let device = Device::new(DmaDevice::new(&machine, "kunit", dma), Arc::new(NoDriver));
    (machine, device)
}

/// Nothing was warned of.
#[track_caller]
pub(crate) fn quiet(machine: &Machine) {
    assert_eq!(machine.trace().take(), []);
}

/// The object exists, has its size and a file.
pub(crate) fn obj_create<L: Library>() {
    let (machine, dev) = fixture();
    let object = L::create(&dev, SIZE).expect("it can be made");
    assert_eq!(object.gem().size(), SIZE);
    assert!(object.gem().filp().is_some());
    drop(object);
    assert_eq!(dev.object_count(), 0);
    quiet(&machine);
}

struct FakeExporter;

impl DmaBufOps for FakeExporter {
    fn map(&self, _: &Attachment, _: &mut ResvGuard, _: Direction) -> Result<Arc<SgTable>> {
        Err(drm_core::Errno::ENOSYS)
    }
}

/// An object around a table of somebody else's memory has its size and no file; freed before it knows that it is an import, it
/// takes the table down itself, where it has one.
pub(crate) fn obj_create_private<L: Library>() {
    let (machine, dev) = fixture();
    let page = |_| Page::alloc(machine.frames(), Gfp::KERNEL).expect("there is memory");
    let buffer: Vec<Page> = (0..SIZE / PAGE_SIZE).map(page).collect();
    let table = SgTable::from_pages(&machine, &buffer, SIZE).expect("it can be made");
    table.map(dev.dma()).expect("it can be mapped");
    let table = Arc::new(table);
    let resv = Resv::new(&machine);
    let dma_buf = DmaBuf::new(&machine, SIZE, &resv, true, Arc::new(FakeExporter));
    let attach = dma_buf.attach(dev.dma()).expect("it attaches");
    let object = L::import(&dev, &attach, &table).expect("it can be made");
    assert_eq!(object.gem().size(), SIZE);
    assert!(object.gem().filp().is_none());
    let keeps = L::table(&object);
    assert!(
        keeps
            .as_ref()
            .is_none_or(|kept| kept == table.dma_entries())
    );
    let imported = object.gem().is_imported();
    drop(object);
    assert_eq!(table.is_mapped(), keeps.is_none());
    table.is_mapped().then(|| table.unmap());
    if !imported {
        attach.detach();
    }
    assert_eq!(dev.object_count(), 0);
    quiet(&machine);
}

/// A pin gets every page, and is one use.
pub(crate) fn pin_pages<L: Library>() {
    let (machine, dev) = fixture();
    let object = L::create(&dev, SIZE).expect("it can be made");
    assert_eq!((L::pages(&object), L::uses(&object).unwrap_or(0)), (0, 0));
    let mut guard = object.gem().resv().lock();
    object.pin(&mut guard).expect("it can be pinned");
    drop(guard);
    assert_eq!(L::pages(&object), 256);
    assert_eq!(L::uses(&object).unwrap_or(1), 1);
    let mut guard = object.gem().resv().lock();
    object.unpin(&mut guard);
    drop(guard);
    assert_eq!(L::pages(&object), if L::KEEPS_PAGES { 256 } else { 0 });
    assert_eq!(L::uses(&object).unwrap_or(0), 0);
    quiet(&machine);
}

/// A kernel mapping is counted, and holds what is written.
pub(crate) fn vmap<L: Library>() {
    let (machine, dev) = fixture();
    let object = L::create(&dev, SIZE).expect("it can be made");
    assert_eq!(L::vmaps(&object), 0);
    let mut guard = object.gem().resv().lock();
    let map = object.vmap(&mut guard).expect("it can be mapped");
    drop(guard);
    assert!(map.map().is_mapped());
    assert_eq!(L::vmaps(&object), 1);
    map.map().fill(0, SIZE, PATTERN).expect("it is mapped");
    let mut bytes = vec![0; SIZE as usize];
    map.map().read(0, &mut bytes).expect("it is mapped");
    assert!(bytes.iter().all(|byte| *byte == PATTERN));
    let mut guard = object.gem().resv().lock();
    object.vunmap(&mut guard, &map);
    drop(guard);
    assert_eq!(L::vmaps(&object), 0);
    assert!(!map.map().is_mapped());
    quiet(&machine);
}

/// A table for others covers the object, and is not kept.
pub(crate) fn get_sg_table<L: Library>() {
    let (machine, dev) = fixture();
    let object = L::create(&dev, SIZE).expect("it can be made");
    let mut guard = object.gem().resv().lock();
    object.pin(&mut guard).expect("it can be pinned");
    let table = object.get_sg_table(&mut guard).expect("it can be made");
    drop(guard);
    assert!(L::table(&object).is_none());
    assert!(table.len() >= SIZE);
    let mut guard = object.gem().resv().lock();
    object.unpin(&mut guard);
    drop(guard);
    quiet(&machine);
}

/// The tests of the named cases of a module, on a library.
macro_rules! kunit_cases {
    ($module:ident on $library:ty: $($case:ident)*) => {
        $(#[test]
        fn $case() {
            $crate::$module::$case::<$library>();
        })*
    };
}
pub(crate) use kunit_cases;

//! Rules of imports and exports.

use drm_core::device::{Device, File};
use drm_core::errno::Errno;
use drm_core::gem::{Gem, Object};
use drm_core::machine::Config;
use drm_core::prime::{Direction, DmaBuf};
use gem_uma::{Class, ImportOptions, New, import_with};

use crate::world::{Bo, Options, World};

struct Shared {
    world: World,
    other: Device,
    exporter: File,
    bo: Gem<Bo>,
    dma_buf: DmaBuf,
}

fn shared() -> Shared {
    let world = World::reclaiming(Config::default());
    let other = World::device(&world.machine, Default::default(), Options::default());
    let exporter = world.dev.open().expect("open");
    let bo = world.bo(2 * 4096);
    let handle = exporter
        .handle_create(&bo.clone().into_dyn())
        .expect("handle");
    let dma_buf = exporter.export(handle, true).expect("export");
    Shared {
        world,
        other,
        exporter,
        bo,
        dma_buf,
    }
}

fn imported(importer: &File, dma_buf: &DmaBuf) -> Gem<Bo> {
    let handle = importer.import(dma_buf).expect("import");
    let object = importer.lookup(handle).expect("object");
    object.downcast().expect("of this driver")
}

#[test]
fn r11_an_import_is_never_pinned_evicted_or_listed() {
    let shared = shared();
    let importer = shared.other.open().expect("open");
    let import = imported(&importer, &shared.dma_buf);
    drop(import.dmap.lock_table(&import.backing).expect("table"));
    let mut guard = import.gem.resv().lock();
    assert_eq!(import.evict(&mut guard), Err(Errno::EINVAL));
    assert_eq!(import.backing.pin(&mut guard).map(drop), Err(Errno::EINVAL));
    assert_eq!(import.reclaim.class(), Class::Unreclaimable);
    assert!(import.gem.lru().list().is_none());
    assert_eq!(import.backing.pins(), 0);
    // The exporter keeps its pages where they are while they are mapped elsewhere.
    assert_eq!(shared.bo.evict(&mut guard), Err(Errno::EBUSY));
}

#[test]
fn r12_an_import_is_known_in_its_constructor() {
    let shared = shared();
    let dev = &shared.other;
    let object = gem_uma::import(dev, &shared.dma_buf, dev.dma(), |new| {
        assert!(new.is_imported());
        assert!(new.resv().is(shared.dma_buf.resv()));
        let bo = new.create(|new| Bo::new(new, Options::default()))?;
        assert!(bo.backing.is_import() && bo.gem.is_imported());
        Ok(bo.into_dyn())
    })
    .expect("import");
    assert!(object.gem().filp().is_none());
    let native = New::native(dev, 4096).expect("object");
    assert!(!native.is_imported() && native.take_import().is_none());
}

#[test]
fn r13_an_import_ends_once_wherever_it_fails() {
    let shared = shared();
    let dev = &shared.other;
    let pins = || shared.bo.backing.pins();
    // After the object was made, as v3d's finish does.
    let failed = gem_uma::import(dev, &shared.dma_buf, dev.dma(), |new| {
        let _bo = new.create(|new| Bo::new(new, Options::default()))?;
        Err(Errno::ENOSPC)
    });
    assert_eq!(failed.map(drop), Err(Errno::ENOSPC));
    assert_eq!(pins(), 0);
    // In the constructor, before and after the ground took the import.
    for taken in [false, true] {
        let failed = gem_uma::import(dev, &shared.dma_buf, dev.dma(), |new| {
            new.create(|new| {
                let _import = taken.then(|| new.take_import());
                Err::<Bo, _>(Errno::ENOMEM)
            })
            .map(Gem::into_dyn)
        });
        assert_eq!(failed.map(drop), Err(Errno::ENOMEM));
        assert_eq!(pins(), 0);
    }
    assert_eq!(shared.world.machine.trace().take(), []);
    assert_eq!(dev.object_count(), 0);
}

#[test]
fn r13_a_lazy_import_is_mapped_when_wanted_and_unmapped_once() {
    let shared = shared();
    let dev = &shared.other;
    let mapped = || {
        let counters = shared.world.machine.counters();
        counters.dma_mapped.get() - counters.dma_unmapped.get()
    };
    let options = ImportOptions::default().lazy(true);
    let object = import_with(dev, &shared.dma_buf, dev.dma(), options, |new| {
        Ok(new
            .create(|new| Bo::new(new, Options::default()))?
            .into_dyn())
    })
    .expect("import");
    let bo = object.downcast::<Bo>().expect("object");
    assert_eq!((mapped(), bo.dmap.is_mapped()), (0, false));
    drop(bo.dmap.lock_table(&bo.backing).expect("table"));
    assert!(mapped() > 0);
    drop((bo, object));
    assert_eq!(mapped(), 0);
    assert_eq!(shared.world.machine.trace().take(), []);
}

#[test]
fn r32_an_attached_device_pins_and_only_then_gets_a_table() {
    let shared = shared();
    let bo = &shared.bo;
    let mut guard = bo.gem.resv().lock();
    assert_eq!(bo.get_sg_table(&mut guard).map(drop), Err(Errno::EINVAL));
    assert_eq!(shared.world.machine.trace().take().len(), 1);
    drop(guard);
    let attach = shared.dma_buf.attach(shared.other.dma()).expect("attach");
    assert_eq!(bo.backing.pins(), 1);
    let table = attach.map_unlocked(Direction::Bidirectional).expect("map");
    assert_eq!(bo.backing.pins(), 1, "mapping pins nothing more");
    assert_eq!(table.len(), 2 * 4096);
    attach.unmap_unlocked(&table);
    drop(table);
    attach.detach();
    assert_eq!(bo.backing.pins(), 0);
}

#[test]
fn r35_an_import_is_mapped_for_the_kernel_by_its_exporter_under_the_same_lock() {
    let shared = shared();
    let importer = shared.other.open().expect("open");
    let import = imported(&importer, &shared.dma_buf);
    assert!(import.gem.resv().is(shared.bo.gem.resv()));
    let mut guard = import.gem.resv().lock();
    let map = import.vmap(&mut guard).expect("vmap");
    let again = import.vmap(&mut guard).expect("vmap");
    assert_eq!((import.cmap.vmaps(), shared.bo.cmap.vmaps()), (0, 1));
    map.map().fill(0, 2 * 4096, 0x5a).expect("fill");
    import.vunmap(&mut guard, &again);
    import.vunmap(&mut guard, &map);
    assert_eq!(shared.bo.cmap.vmaps(), 0);
    drop(guard);
    assert_eq!(shared.world.value(&shared.bo), Ok(0x5a));
}

#[test]
fn r40_a_device_that_is_attached_keeps_the_object_from_being_purged() {
    let shared = shared();
    let bo = &shared.bo;
    drop(bo.dmap.lock_table(&bo.backing).expect("table"));
    let attach = shared.dma_buf.attach(shared.other.dma()).expect("attach");
    // The last handle goes: the object is not known as exported any more, and still is.
    drop(shared.exporter);
    assert!(!bo.gem.has_dma_buf());
    let mut guard = bo.gem.resv().lock();
    bo.reclaim.madvise(&mut guard, 1).expect("advice");
    assert!(!bo.reclaim.is_purgeable(&bo.gem, &bo.backing, &bo.dmap));
    drop(guard);
    attach.detach();
    assert!(bo.reclaim.is_purgeable(&bo.gem, &bo.backing, &bo.dmap));
}

#[test]
fn r16_a_failed_import_leaves_nothing() {
    let shared = shared();
    let importer = shared.other.open().expect("open");
    for nth in 1.. {
        shared.world.machine.failpoints().fail_any_nth(nth);
        let result = importer.import(&shared.dma_buf);
        if !shared.world.machine.failpoints().disarm() {
            result.expect("nothing failed");
            break;
        }
        assert!(result.is_err());
        assert_eq!(shared.bo.backing.pins(), 0, "failure {nth}");
        assert_eq!(shared.other.object_count(), 0, "failure {nth}");
    }
    assert_eq!(shared.world.machine.trace().take(), []);
}

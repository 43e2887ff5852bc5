//! A half-moved driver: parts in the struct, the base class's names in the code.

#![expect(deprecated, reason = "the old names are what these tests are about")]

use drm_core::errno::Result;
use drm_core::gem::Header;
use drm_core::machine::Event;
use gem_uma::{
    Backing, BackingOptions, CpuMap, CpuMapOptions, DeviceMap, New, Reclaim, ReclaimOptions, Share,
    ShareOptions, UmaObject, bridge,
};

use crate::world::{Options, World};

#[bridge]
#[derive(UmaObject)]
struct HalfMoved {
    #[uma(gem)]
    gem: Header,
    #[uma(backing)]
    backing: Backing,
    #[uma(device_map)]
    dmap: DeviceMap,
    #[uma(cpu_map)]
    cmap: CpuMap,
    #[uma(reclaim)]
    reclaim: Reclaim,
    #[uma(share)]
    share: Share,
}

fn warnings(world: &World, text: &str) -> usize {
    let warned = |event: &Event| matches!(event, Event::Warning(site) if site.contains(text));
    world
        .machine
        .trace()
        .take()
        .iter()
        .filter(|event| warned(event))
        .count()
}

impl HalfMoved {
    fn new(new: New) -> Result<Self> {
        Ok(Self {
            backing: Backing::new(&new, BackingOptions::as_base_class()),
            dmap: DeviceMap::new(&new),
            cmap: CpuMap::new(&new, CpuMapOptions::as_base_class()),
            reclaim: Reclaim::new(&new, ReclaimOptions::as_base_class()),
            share: Share::new(&new, ShareOptions::default()),
            gem: new.into_gem(),
        })
    }
}

#[test]
fn the_old_names_do_on_parts_what_they_did() {
    let world = World::new(Options::default());
    let bo = gem_uma::create(&world.dev, 2 * 4096, HalfMoved::new).expect("object");
    let base = bo.base();
    assert_eq!(base.get_pages_sgt().expect("table").len(), 2 * 4096);
    base.pin().expect("pin");
    let mut guard = bo.gem.resv().lock();
    base.pin_locked(&mut guard).expect("pin");
    assert_eq!(bo.backing.users(&guard), 3);
    assert!(base.get_sg_table(&mut guard).is_ok());
    base.unpin_locked(&mut guard);
    drop(guard);
    base.unpin();
    let mut guard = bo.gem.resv().lock();
    let map = base.vmap(&mut guard).expect("vmap");
    map.map().fill(0, 4096, 1).expect("fill");
    assert!(base.madvise(&mut guard, 1) && !base.is_purgeable());
    base.vunmap(&mut guard);
    assert!(base.is_purgeable());
    base.purge(&mut guard);
    assert!(!base.madvise(&mut guard, 0));
    assert_eq!(bo.backing.users(&guard), 0);
    drop(guard);
    drop(bo);
    world.assert_clean();
}

#[test]
fn the_old_fields_are_what_the_parts_know() {
    let world = World::new(Options::default());
    let bo = gem_uma::create(&world.dev, 2 * 4096, HalfMoved::new).expect("object");
    let base = bo.base();
    assert!(base.racy().pages.is_none() && base.racy().sgt.is_none());
    assert_eq!(base.racy().madv, 0);
    let table = base.get_pages_sgt().expect("table");
    let mut guard = bo.gem.resv().lock();
    {
        let fields = base.locked(&mut guard);
        let pages = fields.pages.as_ref().expect("pages");
        let first = pages[0].as_ref().expect("a page").phys();
        assert_eq!(table.entries()[0].addr, first);
        assert_eq!((pages.len(), fields.pages_use_count), (2, 1));
        assert_eq!((fields.vmap_use_count, fields.vaddr.is_some()), (0, false));
    }
    let map = base.vmap(&mut guard).expect("vmap");
    assert_eq!(base.locked(&mut guard).vmap_use_count, 1);
    let vaddr = base.racy().vaddr.clone().expect("a mapping");
    assert_eq!(vaddr.address(), map.map().address());
    base.vunmap(&mut guard);

    base.locked(&mut guard).madv = 7;
    assert_eq!(bo.reclaim.advice(), 7);
    base.locked(&mut guard).madv = 0;
    drop(guard);
    drop((table, bo));
    world.assert_clean();
}

#[test]
fn a_table_that_a_driver_takes_away_is_its_own_to_unmap() {
    let world = World::new(Options::default());
    let bo = gem_uma::create(&world.dev, 2 * 4096, HalfMoved::new).expect("object");
    let base = bo.base();
    drop(base.get_pages_sgt().expect("table"));
    let mut guard = bo.gem.resv().lock();
    if let Some(table) = base.locked(&mut guard).sgt.take() {
        assert!(table.is_mapped());
        table.unmap();
    }
    assert!(!bo.dmap.is_mapped());
    drop(guard);
    assert!(base.get_pages_sgt().expect("another table").is_mapped());
    drop(bo);
    world.assert_clean();
}

#[test]
fn caching_changes_until_something_is_mapped() {
    let world = World::new(Options::default());
    let bo = gem_uma::create(&world.dev, 4096, HalfMoved::new).expect("object");
    let base = bo.base();
    let before = base.map_wc.get();
    base.map_wc.set(!before);
    assert_eq!(bo.cmap.is_write_combined(), !before);
    base.pages_mark_dirty_on_put.set(true);
    assert!(base.pages_mark_dirty_on_put.get());
    let mut guard = bo.gem.resv().lock();
    base.vmap(&mut guard).expect("vmap");
    base.map_wc.set(before);
    assert_eq!(base.map_wc.get(), !before);
    base.vunmap(&mut guard);
    drop(guard);
    drop(bo);
    assert_eq!(warnings(&world, "while it is mapped"), 1);
}

#[test]
fn what_no_part_takes_over_is_warned_about() {
    let world = World::new(Options::default());
    let bo = gem_uma::create(&world.dev, 4096, HalfMoved::new).expect("object");
    let base = bo.base();
    let mut guard = bo.gem.resv().lock();
    base.locked(&mut guard).pages = Some(vec![None]);
    base.locked(&mut guard).pages_use_count = 1;
    assert!(base.locked(&mut guard).pages.is_none());
    drop(guard);
    drop(bo);
    assert_eq!(warnings(&world, "no part takes over"), 2);
}

//! A half-moved driver: parts in the struct, the base class's names in the code.

#![expect(deprecated, reason = "the old names are what these tests are about")]

use drm_core::errno::Result;
use drm_core::gem::Header;
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

//! Rules of advice and purge.

use drm_core::errno::Errno;
use drm_core::machine::Config;
use drm_core::mmap::Process;

use crate::world::{Options, World};

#[test]
fn r27_advice_is_checked_and_purged_is_for_good() {
    let world = World::new(Options::default());
    let bo = world.bo(4096);
    let mut guard = bo.gem.resv().lock();
    for advice in [-1, 2, i32::MIN, i32::MAX] {
        assert_eq!(bo.reclaim.madvise(&mut guard, advice), Err(Errno::EINVAL));
        assert_eq!(bo.reclaim.advice(), 0);
    }
    assert_eq!(bo.reclaim.madvise(&mut guard, 1), Ok(true));
    drop(bo.dmap.table(&mut guard, &bo.backing).expect("table"));
    let purged = bo.reclaim.purge(&mut guard, &bo.gem, &bo.backing, &bo.dmap);
    assert_eq!(purged, Ok(()));
    assert_eq!(bo.reclaim.madvise(&mut guard, 0), Ok(false));
    assert!(bo.reclaim.is_purged());
}

#[test]
fn r28_a_purge_is_refused_while_the_object_is_in_use() {
    let world = World::reclaiming(Config::default());
    let bo = world.bo(4096);
    let mut guard = bo.gem.resv().lock();
    let purge = |guard: &mut _| bo.reclaim.purge(guard, &bo.gem, &bo.backing, &bo.dmap);
    bo.reclaim.madvise(&mut guard, 1).expect("advice");
    assert_eq!(
        purge(&mut guard),
        Err(Errno::EBUSY),
        "not mapped for the device"
    );
    let pinned = bo.dmap.pin_table(&mut guard, &bo.backing).expect("table");
    assert_eq!(purge(&mut guard), Err(Errno::EBUSY), "a job uses it");
    bo.dmap.unpin_table(&mut guard, &bo.backing, pinned);
    let map = bo
        .cmap
        .vmap(&mut guard, &bo.backing, &bo.dmap)
        .expect("vmap");
    assert_eq!(purge(&mut guard), Err(Errno::EBUSY), "the kernel maps it");
    bo.cmap.vunmap(&mut guard, &bo.backing);
    assert!(!map.map().is_mapped());
    bo.reclaim.madvise(&mut guard, 0).expect("advice");
    assert_eq!(purge(&mut guard), Err(Errno::EBUSY), "it is needed");
    assert!(bo.backing.is_resident() && bo.dmap.is_mapped());
    bo.reclaim.madvise(&mut guard, 1).expect("advice");
    assert_eq!(purge(&mut guard), Ok(()));
    assert!(!bo.backing.is_resident() && !bo.dmap.is_mapped());
    drop(guard);
    drop(bo);
    world.assert_clean();
}

#[test]
fn r29_a_purged_object_cannot_be_seen_any_more() {
    let world = World::new(Options::default());
    let file = world.dev.open().expect("open");
    let bo = world.bo(4096);
    file.handle_create(&bo.clone().into_dyn()).expect("handle");
    let process = Process::new(&world.machine);
    let addr = world.mmap(&process, &file, &bo).expect("mmap");
    process.write(addr, &[1]).expect("write");
    let offset = bo.gem.node().offset();
    let mut guard = bo.gem.resv().lock();
    bo.reclaim.madvise(&mut guard, 1).expect("advice");
    drop(bo.dmap.table(&mut guard, &bo.backing).expect("table"));
    bo.reclaim
        .purge(&mut guard, &bo.gem, &bo.backing, &bo.dmap)
        .expect("purge");
    drop(guard);
    // Zapped while there was an offset to zap by; then the offset went.
    assert_eq!(process.read_byte(addr), Err(Errno::EFAULT));
    assert!(offset.is_some() && bo.gem.node().offset().is_none());
    assert_eq!(world.machine.frames().stats().used, 0);
    drop((process, bo, file));
    world.assert_clean();
}

#[test]
fn r44_an_object_leaves_the_drivers_list_when_it_dies() {
    let world = World::new(Options::default());
    let list = gem_uma::PurgeList::default();
    let other = gem_uma::PurgeList::default();
    let (a, b) = (world.bo(4096), world.bo(4096));
    list.move_tail(&a.gem, &a.reclaim);
    list.move_tail(&b.gem, &b.reclaim);
    list.move_tail(&a.gem, &a.reclaim);
    assert_eq!(list.objects().len(), 2);
    assert!(list.objects()[0].is_of(&b.gem));
    other.move_tail(&a.gem, &a.reclaim);
    assert!(other.contains(&a.reclaim) && !list.contains(&a.reclaim));
    drop(a);
    assert!(other.objects().is_empty());
    list.remove(&b.reclaim);
    assert!(!b.reclaim.is_listed() && list.objects().is_empty());
}

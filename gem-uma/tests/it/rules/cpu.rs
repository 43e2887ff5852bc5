//! Rules of CPU mappings.

use drm_core::dma::DmaConfig;
use drm_core::errno::Errno;
use drm_core::gem::Object;
use drm_core::machine::Config;
use drm_core::mmap::{Process, VmFlags};
use gem_uma::{Caching, CpuMapOptions};

use crate::world::{Options, World};

fn device(coherent: bool, cpu: CpuMapOptions) -> World {
    let dma = DmaConfig {
        coherent,
        ..DmaConfig::default()
    };
    let options = Options {
        cpu,
        ..Options::default()
    };
    World::on(Config::default(), dma, options)
}

#[test]
fn r08_write_combine_follows_from_the_device_and_the_options() {
    let derived = CpuMapOptions::default();
    for (coherent, options, expected) in [
        (true, derived, false),
        (false, derived, true),
        (false, derived.caching(Caching::Cached), false),
        (true, derived.caching(Caching::WriteCombined), true),
    ] {
        let world = device(coherent, options);
        let file = world.dev.open().expect("open");
        let bo = world.bo(4096);
        file.handle_create(&bo.clone().into_dyn()).expect("handle");
        let process = Process::new(&world.machine);
        let addr = world.mmap(&process, &file, &bo).expect("mmap");
        let vma = process.vma(addr).expect("mapping");
        assert_eq!(bo.cmap.is_write_combined(), expected);
        assert_eq!(vma.flags().contains(VmFlags::WRITE_COMBINE), expected);
    }
}

#[test]
fn r09_the_device_map_exists_before_a_write_combined_mapping() {
    let world = device(false, CpuMapOptions::default());
    let bo = world.bo(2 * 4096);
    let before = world.machine.counters().cache_synced.get();
    let mut guard = bo.gem.resv().lock();
    bo.vmap(&mut guard).expect("vmap");
    assert!(bo.dmap.is_mapped());
    assert_eq!(
        world.machine.counters().cache_synced.get() - before,
        2 * 4096
    );
    bo.cmap.vunmap(&mut guard, &bo.backing);
    drop(guard);

    let file = world.dev.open().expect("open");
    let bo = world.bo(4096);
    file.handle_create(&bo.clone().into_dyn()).expect("handle");
    let process = Process::new(&world.machine);
    let addr = world.mmap(&process, &file, &bo).expect("mmap");
    assert!(!bo.dmap.is_mapped(), "nothing is populated by mmap");
    process.read_byte(addr).expect("touch");
    assert!(bo.dmap.is_mapped());

    let cached = device(false, CpuMapOptions::default().caching(Caching::Cached));
    let bo = cached.bo(4096);
    cached.fill(&bo, 1).expect("fill");
    assert!(!bo.dmap.is_mapped());
}

#[test]
fn r10_an_object_mapped_for_the_kernel_is_pinned() {
    let world = World::reclaiming(Config::default());
    let bo = world.bo(4096);
    let mut guard = bo.gem.resv().lock();
    let map = bo.vmap(&mut guard).expect("vmap");
    let again = bo.vmap(&mut guard).expect("vmap");
    assert_eq!(map.map().address(), again.map().address());
    assert_eq!((bo.cmap.vmaps(), bo.backing.pins()), (2, 1));
    bo.vunmap(&mut guard, &map);
    assert_eq!(bo.evict(&mut guard), Err(Errno::EBUSY));
    bo.vunmap(&mut guard, &map);
    assert_eq!((bo.cmap.vmaps(), bo.backing.pins()), (0, 0));
    assert!(!map.map().is_mapped(), "every clone of the mapping ended");
    assert_eq!(bo.evict(&mut guard), Ok(()));
    drop(guard);
    drop(bo);
    world.assert_clean();
}

#[test]
fn r23_a_sync_does_nothing_unless_the_object_is_mapped() {
    let world = device(false, CpuMapOptions::default());
    let bo = world.bo(4096);
    let mut guard = bo.gem.resv().lock();
    let synced = || world.machine.counters().cache_synced.get();
    bo.dmap.sync(&guard);
    assert_eq!(synced(), 0);
    assert!(!bo.backing.is_resident(), "nothing is got just to sync it");
    drop(bo.dmap.table(&mut guard, &bo.backing).expect("table"));
    let before = synced();
    bo.dmap.sync(&guard);
    assert_eq!(synced() - before, 4096);
    bo.evict(&mut guard).expect("evict");
    let after = synced();
    bo.dmap.sync(&guard);
    assert_eq!(synced(), after);
}

#[test]
fn r39_a_mapping_that_copies_on_write_is_refused() {
    use drm_core::mmap::{Prot, Sharing};
    let world = World::new(Options::default());
    let file = world.dev.open().expect("open");
    let bo = world.bo(4096);
    file.handle_create(&bo.clone().into_dyn()).expect("handle");
    let process = Process::new(&world.machine);
    let offset = bo.gem.node().offset().expect("offset");
    let private = process.mmap(&file, 4096, Prot::ReadWrite, Sharing::Private, offset);
    assert_eq!(private, Err(Errno::EINVAL));
    assert_eq!(bo.cmap.vmas(), 0);
}

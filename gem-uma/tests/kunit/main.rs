//! The eight cases of the `drm_gem_shmem` KUnit suite on the parts: the very bodies that the base class runs.

#[path = "../../../gem-shmem/tests/kunit/cases.rs"]
mod cases;
#[path = "../../../gem-shmem/tests/kunit/device_cases.rs"]
mod device_cases;

use std::marker::PhantomData;

use drm_core::device::Device;
use drm_core::dma::{Entry, SgTable};
use drm_core::errno::{Errno, Result};
use drm_core::gem::{Gem, Header, Object as _};
use drm_core::prime::Attachment;
use drm_core::sync::Arc;
use gem_uma::{
    Backing, BackingOptions, CpuMap, CpuMapOptions, DeviceMap, ImportOptions, New, Reclaim,
    ReclaimOptions, Share, ShareOptions, UmaObject, import_with,
};

use cases::{Library, kunit_cases};
use device_cases::DeviceLibrary;

#[derive(UmaObject)]
struct Plain {
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

/// What an object does where the driver has a choice.
trait Policy {
    /// Whether pages stay with the object when their last user goes.
    const KEEPS_PAGES: bool;

    fn backing() -> BackingOptions;
    fn cpu() -> CpuMapOptions;
    fn reclaim() -> ReclaimOptions;
}

/// As the base class has it: what a driver starts with that moves.
struct AsBaseClass;

impl Policy for AsBaseClass {
    const KEEPS_PAGES: bool = false;

    fn backing() -> BackingOptions {
        BackingOptions::as_base_class()
    }

    fn cpu() -> CpuMapOptions {
        CpuMapOptions::as_base_class()
    }

    fn reclaim() -> ReclaimOptions {
        ReclaimOptions::as_base_class()
    }
}

/// As the parts have it: pages stay for reclaim to take.
struct Reclaimed;

impl Policy for Reclaimed {
    const KEEPS_PAGES: bool = true;

    fn backing() -> BackingOptions {
        BackingOptions::default()
    }

    fn cpu() -> CpuMapOptions {
        CpuMapOptions::default()
    }

    fn reclaim() -> ReclaimOptions {
        ReclaimOptions::default()
    }
}

impl Plain {
    fn new<P: Policy>(new: New) -> Result<Self> {
        Ok(Self {
            backing: Backing::new(&new, P::backing()),
            dmap: DeviceMap::new(&new),
            cmap: CpuMap::new(&new, P::cpu()),
            reclaim: Reclaim::new(&new, P::reclaim()),
            share: Share::new(&new, ShareOptions::default()),
            gem: new.into_gem(),
        })
    }
}

struct Parts<P>(PhantomData<P>);

impl<P: Policy> Library for Parts<P> {
    type Object = Plain;

    const KEEPS_PAGES: bool = P::KEEPS_PAGES;

    fn create(dev: &Device, size: u64) -> Result<Gem<Plain>> {
        New::native(dev, size)?.create(Plain::new::<P>)
    }

    /// Attaches by itself, and maps when the table is first wanted: the exporter of the case has none.
    fn import(dev: &Device, attach: &Arc<Attachment>, _: &Arc<SgTable>) -> Result<Gem<Plain>> {
        let options = ImportOptions::default().lazy(true);
        let make = |new: New| Ok(new.create(Plain::new::<P>)?.into_dyn());
        let object = import_with(dev, attach.dma_buf(), dev.dma(), options, make)?;
        attach.detach();
        object.downcast().ok_or(Errno::EINVAL)
    }

    /// Who needs the pages is told to the holder of the lock.
    fn uses(object: &Plain) -> Option<u32> {
        let guard = object.gem().resv().lock();
        Some(object.backing.users(&guard))
    }

    fn pages(object: &Plain) -> usize {
        let guard = object.gem().resv().lock();
        let pages = object.backing.pages(&guard);
        pages.map_or(0, |pages| pages.len() as usize)
    }

    fn vmaps(object: &Plain) -> u32 {
        object.cmap.vmaps()
    }

    fn table(object: &Plain) -> Option<Vec<Entry>> {
        let guard = object.gem().resv().lock();
        let table = object.dmap.existing(&guard)?;
        Some(table.dma_entries().to_vec())
    }
}

impl<P: Policy> DeviceLibrary for Parts<P> {
    fn get_pages_sgt(object: &Plain) -> Result {
        let mut guard = object.gem().resv().lock();
        object.dmap.table(&mut guard, &object.backing).map(drop)
    }

    fn madvise(object: &Plain, madv: i32) -> bool {
        let mut guard = object.gem().resv().lock();
        object
            .reclaim
            .madvise(&mut guard, madv)
            .is_ok_and(|retained| retained)
    }

    fn madv(object: &Plain) -> i32 {
        object.reclaim.advice()
    }

    fn is_purgeable(object: &Plain) -> bool {
        object
            .reclaim
            .is_purgeable(object.gem(), &object.backing, &object.dmap)
    }

    fn purge(object: &Plain) {
        let mut guard = object.gem().resv().lock();
        let Plain {
            gem,
            backing,
            dmap,
            reclaim,
            ..
        } = object;
        reclaim
            .purge(&mut guard, gem, backing, dmap)
            .expect("it is purgeable");
    }
}

mod as_base_class {
    use super::*;

    kunit_cases!(cases on Parts<AsBaseClass>: obj_create obj_create_private pin_pages vmap get_sg_table);
    kunit_cases!(device_cases on Parts<AsBaseClass>: get_pages_sgt madvise purge);
}

/// All but one: advice that user space may not give is refused (R27), where the case gives it.
mod reclaimed {
    use super::*;

    kunit_cases!(cases on Parts<Reclaimed>: obj_create obj_create_private pin_pages vmap get_sg_table);
    kunit_cases!(device_cases on Parts<Reclaimed>: get_pages_sgt purge);
}

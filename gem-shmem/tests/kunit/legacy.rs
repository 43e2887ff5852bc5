//! The cases on the base class: all eight.

use drm_core::device::Device;
use drm_core::dma::{Entry, SgTable};
use drm_core::errno::Result;
use drm_core::gem::{Gem, Object as _};
use drm_core::prime::Attachment;
use drm_core::sync::Arc;
use gem_shmem::legacy::{self, Plain, Subclass};

use crate::cases::{Library, kunit_cases};
use crate::device_cases::DeviceLibrary;

struct BaseClass;

impl Library for BaseClass {
    type Object = Plain;

    fn create(dev: &Device, size: u64) -> Result<Gem<Plain>> {
        legacy::create(dev, size)
    }

    fn import(dev: &Device, attach: &Arc<Attachment>, table: &Arc<SgTable>) -> Result<Gem<Plain>> {
        legacy::prime_import_sg_table(dev, attach, Some(Arc::clone(table)))
    }

    fn uses(object: &Plain) -> Option<u32> {
        Some(object.base().racy().pages_use_count)
    }

    fn pages(object: &Plain) -> usize {
        let fields = object.base().racy();
        fields.pages.iter().flatten().flatten().count()
    }

    fn vmaps(object: &Plain) -> u32 {
        object.base().racy().vmap_use_count
    }

    fn table(object: &Plain) -> Option<Vec<Entry>> {
        let sgt = object.base().racy().sgt.clone()?;
        Some(sgt.dma_entries().to_vec())
    }
}

impl DeviceLibrary for BaseClass {
    fn get_pages_sgt(object: &Plain) -> Result {
        object.base().get_pages_sgt().map(drop)
    }

    fn madvise(object: &Plain, madv: i32) -> bool {
        object.base().madvise(&mut object.gem().resv().lock(), madv)
    }

    fn madv(object: &Plain) -> i32 {
        object.base().racy().madv
    }

    fn is_purgeable(object: &Plain) -> bool {
        object.base().is_purgeable()
    }

    fn purge(object: &Plain) {
        object.base().purge(&mut object.gem().resv().lock());
    }
}

kunit_cases!(cases on BaseClass: obj_create obj_create_private pin_pages vmap get_sg_table);
kunit_cases!(device_cases on BaseClass: get_pages_sgt madvise purge);

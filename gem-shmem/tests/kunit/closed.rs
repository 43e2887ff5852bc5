//! The cases on the closed type, as far as it has the operations. It shows its counts in debugfs alone.

use drm_core::device::Device;
use drm_core::dma::{Entry, SgTable};
use drm_core::errno::{Errno, Result};
use drm_core::gem::{Gem, Object as _};
use drm_core::prime::Attachment;
use drm_core::sync::Arc;
use gem_shmem::Object;

use crate::cases::{Library, kunit_cases};

struct Closed;

/// A count of the debugfs lines; 0 for an import, which prints none.
fn printed(object: &Object, key: &str) -> u32 {
    let mut text = String::new();
    object
        .print_info(&mut text, 0)
        .expect("a string takes everything");
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    line.map_or(0, |count| count.parse().expect("it is a number"))
}

impl Library for Closed {
    type Object = Object;

    fn create(dev: &Device, size: u64) -> Result<Gem<Object>> {
        Object::create(dev, size)
    }

    /// Attaches by itself, and never maps.
    fn import(
        dev: &Device,
        attach: &Arc<Attachment>,
        _table: &Arc<SgTable>,
    ) -> Result<Gem<Object>> {
        let object = Object::prime_import(dev, attach.dma_buf(), Some(dev.dma()))?;
        attach.detach();
        object.downcast().ok_or(Errno::EINVAL)
    }

    fn uses(object: &Object) -> Option<u32> {
        Some(printed(object, "pages_use_count"))
    }

    /// Resident and kept from swap-out: the file tells, because the object has no field to look at.
    fn pages(object: &Object) -> usize {
        let uses = printed(object, "pages_use_count");
        let resident = object.gem().filp().map_or(0, |file| file.nr_resident());
        if uses > 0 { resident as usize } else { 0 }
    }

    fn vmaps(object: &Object) -> u32 {
        printed(object, "vmap_use_count")
    }

    fn table(_object: &Object) -> Option<Vec<Entry>> {
        None
    }
}

kunit_cases!(cases on Closed: obj_create obj_create_private pin_pages vmap get_sg_table);

//! Fields bound to a name, two sites on one line, raw identifiers.

use drm_core::gem::Gem;

use crate::objects::Buffer;

/// Looks at everything.
pub fn named(r#type: &Gem<Buffer>) -> (bool, i32, u32) {
    let fields = r#type.shmem.racy();
    let mapped = fields.sgt.is_some();
    let (advice, users) = (fields.madv, fields.vmap_use_count);
    let both = r#type.shmem.racy().pages.is_some() && r#type.shmem.racy().vaddr.is_none();
    (mapped || both, advice, users)
}
